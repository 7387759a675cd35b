//! One counter's work: the visit at the desk, its drafts, and the acts of the key rail.
import { type Answer, ApiError, apiError, command, rpc } from "$lib/backend";
import type { QueueRow } from "$lib/gen/QueueRow";
import { focusFault } from "$lib/fault";
import { t } from "$lib/i18n.svelte";
import { since } from "$lib/time.svelte";
import {
  type CaseDraft,
  changeWho,
  dropDraft,
  dropOtherDrafts,
  emptyCase,
  feeOf,
  isInstant,
  limitOf,
  loadDraft,
  missingPapers,
  partyOf,
  receiveArgs,
  saveDraft,
  type VisitDraft,
  type Who,
} from "./draft.svelte";
import { live, refresh } from "./live.svelte";
import { PartyLookUp } from "./lookup.svelte";
import { PartyMemory } from "./memory.svelte";
import { session } from "./session.svelte";
import { errorText, perform, say, sayError, undoFor } from "./strip.svelte";

export type Entry = Answer<"catalogue.get">;
export type Dialog =
  | { kind: "busy" }
  | { kind: "hold" }
  | { kind: "transfer" }
  | { kind: "ground"; papers: number[] }
  | { kind: "outOfTurn"; row: QueueRow }
  | { kind: "notApplicable"; index: number }
  | { kind: "services" }
  | { kind: "more" }
  | { kind: "missed"; row: QueueRow }
  | { kind: "due" }
  | { kind: "pay"; amount: number }
  | { kind: "fee" }
  | { kind: "turnAway" }
  | { kind: "channel" }
  | { kind: "seat" }
  | { kind: "taken"; counter?: number }
  | { kind: "leaving"; then: () => Promise<void> }
  | { kind: "log"; visitId: string; ticket: string };

/** As the branch names it. */
export function serviceName(code: string): string {
  return live.branch?.branch.services.find((each) => each.code === code)?.name ?? code;
}

class Desk {
  visitId = $state("");
  draft = $state<VisitDraft>();
  entries = $state.raw<Record<string, Entry>>({});
  due = $state.raw<{ key: string; answer: Answer<"calendar.due"> }>();
  /** F9 was pressed: what is missing may now be shown in red. */
  attempted = $state(false);
  errors = $state<Record<string, string>>({});
  warnings = $state<Record<string, string>>({});
  partyOpen = $state(false);
  dialog = $state<Dialog>();
  readonly lookUp = new PartyLookUp();
  /** Whether the owner was here before, and what need not be asked again. */
  readonly memory = new PartyMemory();
  /** Where the focus should go next; screens take it and clear it. */
  wanted = $state<"procedure" | "papers" | "party" | undefined>();

  get view() {
    return live.desk?.value.visit;
  }
  get rules() {
    return live.branch?.branch.queue;
  }
  get active(): CaseDraft | undefined {
    return this.draft?.cases[this.draft.active];
  }
  get entry(): Entry | undefined {
    return this.active ? this.entries[this.active.procedure] : undefined;
  }
  get leg() {
    return this.view?.visit.legs.at(-1);
  }
  get serving(): boolean {
    return this.view?.state === "serving";
  }
  get called(): boolean {
    return this.view?.state === "called";
  }
  get missing(): number[] {
    return this.active && this.entry ? missingPapers(this.active, this.entry) : [];
  }
  /** Services still to come in this visit, in their order. */
  get planned(): string[] {
    return this.view?.visit.planned?.map((each) => each.service) ?? [];
  }
  /** Something typed that is not handed in. */
  get unfinished(): boolean {
    return this.draft?.cases.some((c) => c.procedure !== "" && !c.received) ?? false;
  }
  /** Milliseconds before the person may be called once more. */
  get recallLeft(): number {
    const last = this.leg?.last_call_ms;
    const desk = live.desk;
    if (!last || !desk || !this.view) return 0;
    const now = Date.parse(this.view.now) + since(desk.at);
    return Math.max(0, last + (this.rules?.recall_gap_s ?? 20) * 1000 - now);
  }

  /** Brings the drafts in line with the visit that is at the desk. */
  follow(): void {
    const view = this.view;
    if (!view) {
      if (this.visitId !== "") this.forget();
      return;
    }
    if (view.visit_id !== this.visitId) {
      this.forget();
      this.visitId = view.visit_id;
      this.draft = loadDraft(view.visit_id) ?? { cases: [emptyCase(view.visit.applicant)], active: 0 };
      this.unfold();
      const queue = live.queue?.value;
      if (queue) {
        const open = [...queue.waiting, ...queue.called, ...queue.serving, ...queue.held, ...queue.missed];
        dropOtherDrafts(new Set([...open.map((row) => row.visit_id), view.visit_id]));
      }
    }
    this.adoptReceived();
    for (const each of this.draft?.cases ?? [])
      if (each.procedure && !each.received) void this.load(each.procedure);
  }

  /** Cases taken in elsewhere, or before the drafts were lost, stand beside the drafts. */
  private adoptReceived(): void {
    const draft = this.draft;
    if (!draft) return;
    for (const row of this.view?.cases ?? []) {
      const known = draft.cases.find((c) => c.received?.caseId === row.case_id)?.received;
      if (known) {
        // The final code came meanwhile.
        known.code = row.case_code;
        known.provisional = row.provisional;
        continue;
      }
      const adopted = emptyCase(this.view?.visit.applicant);
      adopted.procedure = row.procedure_code;
      adopted.procedureName = row.procedure_name;
      adopted.received = {
        caseId: row.case_id,
        code: row.case_code,
        provisional: row.provisional,
        receivedAt: row.received_at,
        dueAt: row.due_at ?? undefined,
        instant: row.status === "returned",
        warnings: [],
      };
      const same = draft.cases.findIndex((c) => !c.received && c.procedure === row.procedure_code);
      if (same >= 0) draft.cases[same] = adopted;
      else draft.cases.unshift(adopted);
    }
  }

  /** Fields stand open where somebody still has to be named; they fold only when told to. */
  private unfold(): void {
    const draft = this.active;
    this.partyOpen =
      draft !== undefined &&
      (draft.applicant.name === "" || (draft.who !== "self" && draft.submitter.name === ""));
  }

  private forget(): void {
    if (this.visitId !== "" && this.draft) saveDraft(this.visitId, $state.snapshot(this.draft) as VisitDraft);
    this.visitId = "";
    this.draft = undefined;
    this.attempted = false;
    this.errors = {};
    this.warnings = {};
    this.dialog = undefined;
    this.lookUp.forget();
    this.memory.forget();
  }

  save(): void {
    if (this.visitId !== "" && this.draft) saveDraft(this.visitId, $state.snapshot(this.draft) as VisitDraft);
  }

  async load(code: string): Promise<Entry | undefined> {
    const known = this.entries[code];
    if (known) return known;
    try {
      const entry = await rpc("catalogue.get", { code });
      this.entries = { ...this.entries, [code]: entry };
      return entry;
    } catch (cause) {
      sayError(cause);
      return undefined;
    }
  }

  async choose(code: string, name: string): Promise<void> {
    const draft = this.active;
    if (!draft || draft.received) return;
    if (draft.procedure !== code) {
      draft.procedure = code;
      draft.procedureName = name;
      draft.papers = {};
      draft.feeAmount = "";
      draft.feeMethod = "cash";
      this.attempted = false;
    }
    if (await this.load(code)) this.wanted = "papers";
  }

  /** What the case would be due after; none while no procedure is chosen. */
  get dueKey(): string | undefined {
    return this.active && this.entry && JSON.stringify(limitOf(this.active, this.entry) ?? null);
  }

  /** The answer that holds for the case at hand. For another agency there is none: the limit begins
      when that one has the dossier. */
  get dueNow(): Answer<"calendar.due"> | undefined {
    if (this.active?.channel === "another") return undefined;
    return this.due && this.due.key === this.dueKey ? this.due.answer : undefined;
  }

  async askDue(): Promise<void> {
    const { active, entry, dueKey: key } = this;
    if (!active || !entry || key === undefined || active.channel === "another") return;
    try {
      this.due = { key, answer: await rpc("calendar.due", { limit: limitOf(active, entry) }) };
    } catch (cause) {
      this.due = undefined;
      sayError(cause);
    }
  }

  setWho(who: Who): void {
    if (!this.active) return;
    changeWho(this.active, who);
    this.errors = {};
    this.warnings = {};
    this.partyOpen = who !== "self" || this.active.applicant.name === "";
    if (this.partyOpen) this.wanted = "party";
  }

  /** Checks what was typed, as soon as a field is left; an empty field is no error yet. */
  async check(which: "applicant" | "submitter"): Promise<void> {
    const draft = this.active;
    if (!draft) return;
    const prefix = `${which}.`;
    const keep = (all: Record<string, string>) =>
      Object.fromEntries(Object.entries(all).filter(([field]) => !field.startsWith(prefix)));
    // In place, and before the answer: what is refused elsewhere stays as it was refused.
    for (const field of Object.keys(this.errors))
      if (field.startsWith(prefix)) Reflect.deleteProperty(this.errors, field);
    try {
      const { warnings } = await rpc("citizen.check", { party: partyOf(draft[which]) });
      await this.identify(which);
      this.warnings = {
        ...keep(this.warnings),
        ...Object.fromEntries(
          warnings.map((w) => [prefix + (w.field ?? "").replace(/^party\./, ""), w.message]),
        ),
      };
    } catch (cause) {
      const error = apiError(cause);
      if (error.field && error.code !== "FIELD_REQUIRED") {
        this.errors[prefix + error.field.replace(/^party\./, "")] = error.message;
      }
    }
  }

  /** An unknown citizen has a name now: the queue and the log learn it too. */
  private async identify(which: "applicant" | "submitter"): Promise<void> {
    const here = this.active?.who === "self" ? "applicant" : "submitter";
    if (!this.active || !this.view || this.view.visit.applicant || which !== here) return;
    await command("visit.identify", { visit_id: this.view.visit_id, applicant: partyOf(this.active[here]) });
    await Promise.all([refresh.desk(), refresh.queue()]);
  }

  /** Asks about the owner of the case; nobody waits for the answer. */
  askRegister(): void {
    const draft = this.active;
    if (draft && !draft.received && this.serving) void this.lookUp.ask(draft.applicant, this.visitId);
  }

  fillFromRegister(): void {
    const draft = this.active;
    if (draft && !draft.received && this.lookUp.fill(draft.applicant)) void this.check("applicant");
  }

  /** What the owner said before fills what is empty. */
  takeOverKnown(): void {
    const draft = this.active;
    if (!draft || draft.received || !this.serving) return;
    const taken = this.memory.fill(draft.applicant);
    if (taken.length === 0) {
      say(t("known.nothing"), "info");
      return;
    }
    say(t("known.filled", { name: draft.applicant.name }));
    void this.check("applicant");
  }

  // ---- acts ----

  callNext(): Promise<void> {
    return perform("call", async () => {
      const called = await command("queue.call_next", { counter: session.counter });
      if (!called) {
        say(t("desk.nobody"), "info");
        return;
      }
      await this.afterCall(called.visit_id, called.ticket);
    });
  }

  call(row: QueueRow): Promise<void> {
    return perform("call", async () => {
      const called = await command("queue.call", { visit_id: row.visit_id, counter: session.counter });
      await this.afterCall(called.visit_id, called.ticket);
    });
  }

  private async afterCall(visitId: string, ticket: string): Promise<void> {
    say(
      t("done.called", { ticket }),
      "done",
      undoFor(this.rules?.undo_call_s ?? 60, t("undo.call"), async () => {
        await command("leg.undo_call", { visit_id: visitId });
        say(t("done.callUndone", { ticket }));
      }),
    );
    await Promise.all([refresh.desk(), refresh.queue()]);
  }

  private onVisit(key: string, act: (visitId: string, ticket: string) => Promise<void>): Promise<void> {
    const view = this.view;
    if (!view) return Promise.resolve();
    return perform(key, async () => {
      await act(view.visit_id, view.ticket);
      await Promise.all([refresh.desk(), refresh.queue()]);
    });
  }

  recall = () =>
    this.onVisit("recall", async (visit_id, ticket) => {
      await command("leg.recall", { visit_id });
      say(t("done.recalled", { ticket }));
    });

  start = async () => {
    await this.onVisit("start", async (visit_id, ticket) => {
      await command("leg.start", { visit_id });
      say(t("done.started", { ticket }));
    });
    if (this.serving) this.wanted = this.active?.procedure ? "papers" : "procedure";
  };

  hold = (reason: string, cause: "citizen" | "office") =>
    this.onVisit("hold", async (visit_id, ticket) => {
      await command("leg.hold", { visit_id, reason, cause });
      this.dialog = undefined;
      say(
        t("done.held", { ticket }),
        "done",
        undoFor(600, t("undo.hold"), () => this.resume(visit_id)),
      );
    });

  resume = async (visitId: string): Promise<void> => {
    await command("leg.resume", { visit_id: visitId, to: "serving", counter: session.counter });
    await Promise.all([refresh.desk(), refresh.queue()]);
  };

  miss = () =>
    this.onVisit("miss", async (visit_id, ticket) => {
      await command("leg.miss", { visit_id });
      say(
        t("done.missed", { ticket }),
        "done",
        undoFor(300, t("undo.miss"), async () => {
          await command("leg.return", { visit_id, counter: session.counter });
          await Promise.all([refresh.desk(), refresh.queue()]);
        }),
      );
    });

  transfer = (service: string | undefined, counter: number | undefined, note: string | undefined) =>
    this.onVisit("transfer", async (visit_id, ticket) => {
      const sent = await command("leg.transfer", { visit_id, service, counter, note });
      this.dialog = undefined;
      say(
        sent.quote ? t("done.transferredTold", { ticket, ...sent.quote }) : t("done.transferred", { ticket }),
      );
    });

  /** Back into the queue with the old place: the call undone while that is possible, else sent on
      to whoever is free. */
  putBack = (): Promise<void> =>
    this.onVisit("putBack", async (visit_id, ticket) => {
      const undoable = this.called && (await this.undone(visit_id));
      if (!undoable) await command("leg.transfer", { visit_id });
      this.dialog = undefined;
      say(t("done.putBack", { ticket }));
    });

  private async undone(visit_id: string): Promise<boolean> {
    try {
      await command("leg.undo_call", { visit_id });
      return true;
    } catch (cause) {
      if (apiError(cause).code === "UNDO_TOO_LATE") return false;
      throw cause;
    }
  }

  /** Asked first where another service is to come: that end cannot be taken back. */
  finish = (sure = false): Promise<void> => {
    if (!sure && this.serving && this.planned.length > 0) {
      this.dialog = { kind: "more" };
      return Promise.resolve();
    }
    return this.onVisit("finish", async (visit_id, ticket) => {
      const { leg, kept } = await this.end(visit_id);
      if (leg.state !== "closed") {
        say(t("done.finishedNext", { ticket, service: serviceName(leg.service) }));
        return;
      }
      say(
        t("done.finished", { ticket }),
        "done",
        undoFor(this.rules?.reopen_s ?? 600, t("undo.finish"), async () => {
          if (kept) saveDraft(visit_id, kept);
          await command("leg.reopen", { visit_id, serving: true, reason: t("undo.reason") });
          await Promise.all([refresh.desk(), refresh.queue()]);
        }),
      );
    });
  };

  private async end(visit_id: string) {
    const kept = this.draft && ($state.snapshot(this.draft) as VisitDraft);
    const leg = await command("leg.finish", { visit_id });
    this.dialog = undefined;
    this.visitId = "";
    this.draft = undefined;
    dropDraft(visit_id);
    return { leg, kept };
  }

  /** The next service of the same person, here and now. */
  goOn = async (): Promise<void> => {
    await this.onVisit("finish", async (visit_id, ticket) => {
      const { leg } = await this.end(visit_id);
      // Whatever comes of the rest, the screen shows where the number stands.
      try {
        await command("queue.call", { visit_id, counter: session.counter });
        await command("leg.start", { visit_id });
        say(t("done.wentOn", { ticket, service: serviceName(leg.service) }));
      } catch (cause) {
        sayError(cause);
      }
    });
    if (this.serving) this.wanted = this.active?.procedure ? "papers" : "procedure";
  };

  /** More services in this visit, in that order. */
  addServices = (codes: string[]) =>
    this.onVisit("services", async (visit_id, ticket) => {
      for (const service of codes) await command("leg.add_service", { visit_id, service });
      this.dialog = undefined;
      say(t("done.servicesAdded", { ticket, services: codes.map(serviceName).join(", ") }));
    });

  finishThenCall = async () => {
    this.dialog = undefined;
    await this.finish(true);
    if (!this.view) await this.callNext();
  };

  holdThenCall = async () => {
    await this.hold(t("hold.forNext"), "office");
    if (!this.view) await this.callNext();
  };

  /** F9. Recorded first; printing follows and can never undo it. */
  receive = (ground?: string) => {
    const draft = this.active;
    const entry = this.entry;
    const visitId = this.visitId;
    if (!draft || !entry || draft.received || visitId === "") return Promise.resolve();
    this.attempted = true;
    // Rust names what it refuses, and each is about what stands there then.
    this.errors = {};
    if (draft.feeMethod !== "exempt" && feeOf(draft, entry) === undefined) {
      this.errors = { "fee.amount": t("money.unclear") };
      say(t("money.unclear"), "problem");
      focusFault("fee");
      return Promise.resolve();
    }
    const missing = this.missing;
    if (missing.length > 0 && ground === undefined) {
      this.dialog = { kind: "ground", papers: missing };
      return Promise.resolve();
    }
    return perform("receive", async () => {
      let answer: Answer<"case.receive">;
      try {
        answer = await command("case.receive", receiveArgs(draft, entry, visitId, session.counter, ground));
      } catch (cause) {
        this.show(cause);
        return;
      }
      this.dialog = undefined;
      this.attempted = false;
      this.errors = {};
      const instant = isInstant(draft, entry);
      draft.received = {
        caseId: answer.case_id,
        code: answer.case_code,
        provisional: answer.provisional,
        receivedAt: answer.received_at,
        dueAt: answer.due_at,
        instant,
        warnings: answer.warnings.map((w) => w.message),
      };
      this.save();
      say(
        t(instant ? "done.receivedInstant" : "done.received", { code: answer.case_code }),
        "done",
        undefined,
        instant ? undefined : answer.case_id,
      );
      if (!instant) await this.print(answer.case_id, answer.case_code);
      await Promise.all([refresh.desk(), refresh.jobs()]);
    });
  };

  /** A refused case names its field: the field says why, and gets the focus. */
  private show(cause: unknown): void {
    const error = apiError(cause);
    sayError(error);
    if (error.code === "PAPERS_MISSING") {
      this.dialog = { kind: "ground", papers: this.missing };
      return;
    }
    this.dialog = undefined;
    if (error instanceof ApiError && error.field) {
      this.errors[error.field] = errorText(error);
      if (/^(applicant|submitter)\b/.test(error.field)) {
        this.partyOpen = true;
        this.wanted = "party";
      }
    }
  }

  async print(caseId: string, code: string, printer?: string): Promise<void> {
    try {
      await command("print.submit", { kind: "receipt", id: caseId, printer });
    } catch (cause) {
      say(t("print.keptSafe", { title: code, why: errorText(cause) }), "problem");
    }
    await refresh.jobs();
  }

  addCase(): void {
    if (!this.draft || !this.serving) return;
    const open = this.draft.cases.findIndex((c) => !c.received && c.procedure === "");
    if (open >= 0) this.draft.active = open;
    else {
      const last = this.draft.cases.at(-1);
      const fresh = emptyCase(this.view?.visit.applicant);
      // The next case is usually for the same people.
      if (last) {
        fresh.who = last.who;
        fresh.applicant = { ...last.applicant };
        fresh.submitter = { ...last.submitter };
      }
      this.draft.cases.push(fresh);
      this.draft.active = this.draft.cases.length - 1;
    }
    this.attempted = false;
    this.unfold();
    this.wanted = "procedure";
  }

  select(index: number): void {
    if (!this.draft?.cases[index]) return;
    this.draft.active = index;
    this.attempted = false;
    this.unfold();
    this.errors = {};
  }
}

export const desk = new Desk();
