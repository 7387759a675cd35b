//! What the officer has entered for a visit and not handed in yet. It survives a reload of the
//! window and goes away with the visit.
import type { Args } from "$lib/backend";
import type { Card } from "$lib/gen/Card";
import type { CatalogueEntry } from "$lib/gen/CatalogueEntry";
import type { FeeMethod } from "$lib/gen/FeeMethod";
import type { Limit } from "$lib/gen/Limit";
import type { Party } from "$lib/gen/Party";
import type { PartyField } from "$lib/gen/PartyField";
import type { PartyKind } from "$lib/gen/PartyKind";
import type { ReturnMethod } from "$lib/gen/ReturnMethod";
import { t } from "$lib/i18n.svelte";
import { dong } from "$lib/money";
import { read, readOptional } from "$lib/text";

export type Who = "self" | "proxy" | "organisation";
export type Channel = "desk" | "online" | "another";
export type Column = "originals" | "certified" | "copies";
export const columns: Column[] = ["originals", "certified", "copies"];

export interface PartyDraft {
  kind: PartyKind;
  name: string;
  id_number: string;
  birth_date: string;
  sex: string;
  phone: string;
  email: string;
  address: string;
  representative: string;
  /** What was taken over from an earlier record, as it stood then: not asked again as long as it
      stands so. Drafts of older versions do not say. */
  takenOver?: Partial<Record<PartyField, string>> | undefined;
}

/** In the order of the form. */
const partyFields: PartyField[] = [
  "name",
  "id_number",
  "phone",
  "address",
  "email",
  "birth_date",
  "sex",
  "representative",
];

export interface PaperDraft {
  originals: number;
  certified: number;
  copies: number;
  /** Why it does not apply to this citizen. */
  notApplicable?: string | undefined;
  /** Not asked for again: the file of an earlier case. */
  reuse?: Reused | undefined;
}

export interface Reused {
  caseId: string;
  caseCode: string;
  attachment: string;
}

export interface Received {
  caseId: string;
  code: string;
  provisional?: boolean | undefined;
  receivedAt: string;
  dueAt: string | undefined;
  instant: boolean;
  warnings: string[];
}

export interface CaseDraft {
  procedure: string;
  procedureName: string;
  who: Who;
  applicant: PartyDraft;
  submitter: PartyDraft;
  papers: Record<number, PaperDraft>;
  notes: string;
  /** The citizen agreed to be told what becomes of the case. */
  notify: boolean;
  returnMethod: ReturnMethod;
  returnAddress: string;
  feeMethod: FeeMethod;
  feeAmount: string;
  feeGround: string;
  sets: number;
  /** Handed in here unless said; drafts of older versions do not say. */
  channel?: Channel | undefined;
  onlineCode?: string | undefined;
  competent?: string | undefined;
  receipt?: string | undefined;
  help?: string | undefined;
  received?: Received | undefined;
}

export interface VisitDraft {
  cases: CaseDraft[];
  active: number;
}

export function emptyParty(kind: PartyKind = "individual"): PartyDraft {
  return {
    kind,
    name: "",
    id_number: "",
    birth_date: "",
    sex: "",
    phone: "",
    email: "",
    address: "",
    representative: "",
  };
}

/** A person as the card says; what it does not say stays as it was. */
export function withCard(before: PartyDraft, card: Card): PartyDraft {
  return {
    ...before,
    kind: "individual",
    name: card.name,
    id_number: card.number,
    birth_date: card.birth_date,
    sex: card.sex ? t(`sex.${card.sex}`) : before.sex,
    address: card.address ?? before.address,
  };
}

export function partyDraft(party: Party | null | undefined): PartyDraft {
  const text = (value: string | null | undefined) => value ?? "";
  if (!party) return emptyParty();
  const taken = party.taken_over?.map((field) => [field, text(party[field])] as const) ?? [];
  return {
    ...(taken.length > 0 ? { takenOver: Object.fromEntries(taken) } : {}),
    kind: party.kind,
    name: party.name,
    id_number: text(party.id_number),
    birth_date: text(party.birth_date),
    sex: text(party.sex),
    phone: text(party.phone),
    email: text(party.email),
    address: text(party.address),
    representative: text(party.representative),
  };
}

/** As sent: composed, trimmed, nothing where nothing was typed. */
export function partyOf(draft: PartyDraft): Party {
  return {
    kind: draft.kind,
    name: read(draft.name),
    id_number: readOptional(draft.id_number),
    birth_date: readOptional(draft.birth_date),
    sex: readOptional(draft.sex),
    phone: readOptional(draft.phone),
    email: readOptional(draft.email),
    address: readOptional(draft.address),
    representative: draft.kind === "individual" ? undefined : readOptional(draft.representative),
    taken_over: takenOver(draft),
  };
}

function takenOver(draft: PartyDraft): PartyField[] | undefined {
  const taken = partyFields.filter(
    (field) => draft.takenOver?.[field] === draft[field] && draft[field] !== "",
  );
  return taken.length > 0 ? taken : undefined;
}

/** What an earlier record of the same person says and the form does not: what need not be asked. */
export function offered(draft: PartyDraft, known: Party): PartyField[] {
  const before = partyDraft(known);
  return partyFields.filter(
    (field) =>
      draft[field].trim() === "" &&
      before[field] !== "" &&
      (field !== "representative" || draft.kind !== "individual"),
  );
}

/** Takes that over, and nothing in place of what was typed. */
export function takeOver(draft: PartyDraft, known: Party): PartyField[] {
  const before = partyDraft(known);
  const fields = offered(draft, known);
  for (const field of fields) {
    draft[field] = before[field];
    draft.takenOver = { ...draft.takenOver, [field]: before[field] };
  }
  return fields;
}

/** There is a number or an address to tell them by. */
export function reachable({ applicant, submitter, who }: CaseDraft): boolean {
  const people = who === "self" || who === "organisation" ? [applicant] : [applicant, submitter];
  return people.some((party) => party.phone.trim() !== "" || party.email.trim() !== "");
}

export function emptyCase(person: Party | null | undefined): CaseDraft {
  const organisation = person && person.kind !== "individual";
  return {
    procedure: "",
    procedureName: "",
    who: organisation ? "organisation" : "self",
    applicant: partyDraft(person),
    submitter: emptyParty(),
    papers: {},
    notes: "",
    notify: false,
    returnMethod: "counter",
    returnAddress: "",
    feeMethod: "cash",
    feeAmount: "",
    feeGround: "",
    sets: 1,
  };
}

/** The person who stands here moves between the two roles, and nothing typed is lost. */
export function changeWho(draft: CaseDraft, who: Who): void {
  if (draft.who === who) return;
  const personHere = draft.who === "self" ? draft.applicant : draft.submitter;
  if (who === "self") {
    if (personHere.name !== "") draft.applicant = { ...personHere };
    draft.applicant.kind = "individual";
    draft.submitter = emptyParty();
  } else {
    if (draft.who === "self") {
      draft.submitter = { ...personHere };
      draft.applicant = emptyParty();
    }
    draft.applicant.kind = who === "proxy" ? "individual" : "enterprise";
  }
  draft.who = who;
}

export function paperOf(draft: CaseDraft, index: number): PaperDraft {
  return draft.papers[index] ?? { originals: 0, certified: 0, copies: 0 };
}

export function given(paper: PaperDraft): number {
  return paper.reuse ? 1 : paper.originals + paper.certified + paper.copies;
}

/** Positions of required papers that were not handed in. */
export function missingPapers(draft: CaseDraft, entry: Pick<CatalogueEntry, "papers">): number[] {
  return entry.papers.flatMap((paper, index) => {
    const have = paperOf(draft, index);
    return paper.required && have.notApplicable === undefined && given(have) === 0 ? [index] : [];
  });
}

/** The limit of the way the dossier came, as reception takes it. */
export function limitOf(draft: CaseDraft, entry: CatalogueEntry): Limit | undefined {
  if (draft.channel !== "online") return entry.limit;
  const online = entry.channels.find((each) => each.kind === "online");
  return online?.limits.find((each) => each.limit)?.limit;
}

/** Answered at once, here: not for another agency, which has to have the dossier first. */
export function isInstant(draft: CaseDraft, entry: CatalogueEntry): boolean {
  return draft.channel !== "another" && limitOf(draft, entry)?.value === 0;
}

/** What the catalogue makes of it: its one clear amount for each set. */
export function usualFee(draft: CaseDraft, entry: CatalogueEntry): number | undefined {
  return entry.fee === undefined ? undefined : entry.fee * (draft.sets || 1);
}

/** The amount to be paid: what the officer typed, else the catalogue's. Nothing where what was typed
    cannot be read. */
export function feeOf(draft: CaseDraft, entry: CatalogueEntry): number | undefined {
  return read(draft.feeAmount) === "" ? (usualFee(draft, entry) ?? 0) : dong(draft.feeAmount);
}

/** What the catalogue says of the fee at the counter beside the amount, each once. Its text of a time
    limit belongs here where it speaks of money. */
export function feeNotes(entry: CatalogueEntry): string[] {
  const limits = entry.channels.find((each) => each.kind === "counter")?.limits ?? [];
  const beside = limits.flatMap((each) =>
    each.text.split("\n").filter((line) => /đồng|phí|VN[DĐ]/i.test(line)),
  );
  const own = limits.flatMap((each) => each.fees.map((fee) => fee.text));
  return [...new Set([...own, ...beside].map(read))].filter((line) => line !== "");
}

export function receiveArgs(
  draft: CaseDraft,
  entry: CatalogueEntry,
  visitId: string,
  counter: number,
  missingGround: string | undefined,
): Args<"case.receive"> {
  const amount = feeOf(draft, entry) ?? 0;
  const exempt = draft.feeMethod === "exempt" && entry.fee !== 0;
  const submitter =
    draft.who === "self" || read(draft.submitter.name) === "" ? undefined : partyOf(draft.submitter);
  return {
    visit_id: visitId,
    counter,
    procedure_code: draft.procedure,
    applicant: partyOf(draft.applicant),
    submitter,
    papers: entry.papers.flatMap((_, index) => {
      const paper = draft.papers[index];
      if (!paper || paper.reuse || (given(paper) === 0 && paper.notApplicable === undefined)) return [];
      return [
        {
          index,
          originals: paper.originals,
          certified: paper.certified,
          copies: paper.copies,
          not_applicable: paper.notApplicable,
        },
      ];
    }),
    reuse: entry.papers.flatMap((_, index) => {
      const reuse = draft.papers[index]?.reuse;
      return reuse ? [{ index, case_id: reuse.caseId, attachment: reuse.attachment }] : [];
    }),
    missing_ground: missingGround,
    sets: draft.sets,
    return_method: draft.returnMethod,
    return_address: draft.returnMethod === "post" ? readOptional(draft.returnAddress) : undefined,
    notes: readOptional(draft.notes),
    notify: draft.notify && reachable(draft) ? "agreed" : undefined,
    fee: exempt
      ? { amount: 0, method: "exempt", ground: readOptional(draft.feeGround) }
      : amount > 0
        ? { amount, method: draft.feeMethod, ground: undefined }
        : undefined,
    // Online the catalogue has a limit of its own.
    limit: draft.channel === "online" ? undefined : entry.limit,
    instant: isInstant(draft, entry) ? true : undefined,
    online: draft.channel === "online" ? { code: read(draft.onlineCode ?? "") } : undefined,
    on_behalf:
      draft.channel === "another"
        ? {
            competent: read(draft.competent ?? ""),
            receipt: readOptional(draft.receipt ?? ""),
            help: readOptional(draft.help ?? ""),
          }
        : undefined,
  };
}

const PREFIX = "motcua.draft.";

export function loadDraft(visitId: string): VisitDraft | undefined {
  try {
    const found = JSON.parse(localStorage.getItem(PREFIX + visitId) ?? "") as VisitDraft;
    return Array.isArray(found.cases) && found.cases.length > 0 ? found : undefined;
  } catch {
    return undefined;
  }
}

export function saveDraft(visitId: string, draft: VisitDraft): void {
  localStorage.setItem(PREFIX + visitId, JSON.stringify(draft));
}

export function dropDraft(visitId: string): void {
  localStorage.removeItem(PREFIX + visitId);
}

/** Drafts of visits that are over, by other means than this window's. */
export function dropOtherDrafts(open: Set<string>): void {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith(PREFIX) && !open.has(key.slice(PREFIX.length))) localStorage.removeItem(key);
  }
}
