//! The reception desk: who has come, for what, in which class; and the number that is given.
import { type Answer, apiError, command, rpc } from "$lib/backend";
import type { Card } from "$lib/gen/Card";
import type { Class } from "$lib/gen/Class";
import { t } from "$lib/i18n.svelte";
import { age, serverNow } from "$lib/time.svelte";
import { emptyParty, type PartyDraft, partyDraft, partyOf } from "./draft.svelte";
import { live, refresh } from "./live.svelte";
import { errorText, perform, say, sayError, undoFor } from "./strip.svelte";
import { read } from "$lib/text";

export type Known = Answer<"citizen.find">[number];

/** Người cao tuổi begins here (Luật Người cao tuổi 39/2009/QH12, Điều 2). */
const ELDERLY_FROM = 60;

class Reception {
  party = $state<PartyDraft>(emptyParty());
  scanText = $state("");
  /** The card that was read. */
  card = $state.raw<Card>();
  scanError = $state("");
  known = $state.raw<Known>();
  service = $state("");
  kind = $state<Class>("ordinary");
  /** The officer chose the class; a suggestion no longer changes it. */
  kindChosen = $state(false);
  partySize = $state(1);
  preview = $state.raw<Answer<"queue.preview">>();
  errors = $state<Record<string, string>>({});
  warnings = $state<Record<string, string>>({});
  arrivedAt = "";

  get years(): number | undefined {
    const birth = this.party.birth_date;
    const today = live.branch?.date;
    return birth && today ? age(birth, today) : undefined;
  }

  get elderlySuggested(): boolean {
    return (this.years ?? 0) >= ELDERLY_FROM;
  }

  /** Registration begins with the first thing done for a person. */
  begin(): void {
    if (this.arrivedAt === "" && live.queue)
      this.arrivedAt = new Date(serverNow(live.queue.at)).toISOString();
  }

  reset(): void {
    this.party = emptyParty();
    this.scanText = "";
    this.card = undefined;
    this.scanError = "";
    this.known = undefined;
    this.service = "";
    this.kind = "ordinary";
    this.kindChosen = false;
    this.partySize = 1;
    this.preview = undefined;
    this.errors = {};
    this.warnings = {};
    this.arrivedAt = "";
  }

  chooseKind(kind: Class): void {
    this.kind = kind;
    this.kindChosen = true;
    void this.ask();
  }

  chooseService(code: string): void {
    this.begin();
    this.service = code;
    void this.ask();
  }

  async ask(): Promise<void> {
    const { service, kind } = this;
    if (service === "") {
      this.preview = undefined;
      return;
    }
    try {
      const preview = await rpc("queue.preview", { service, class: kind });
      if (service === this.service && kind === this.kind) this.preview = preview;
    } catch (cause) {
      this.preview = undefined;
      sayError(cause);
    }
  }

  /** Text of a card, however it came. Damaged scans say which part is doubtful. */
  scan(raw: string): Promise<void> {
    this.begin();
    return perform("scan", async () => {
      try {
        const card = await rpc("identity.parse", { raw });
        this.card = card;
        this.scanError = "";
        this.scanText = "";
        this.party = {
          ...emptyParty(),
          name: card.name,
          id_number: card.number,
          birth_date: card.birth_date,
          sex: card.sex ? t(`sex.${card.sex}`) : "",
          address: card.address ?? "",
        };
        this.errors = {};
        this.warnings = {};
        this.suggestClass();
        say(t("scan.read"));
        await this.lookUp(card.number);
      } catch (cause) {
        this.card = undefined;
        this.scanError = errorText(cause);
      }
    });
  }

  private suggestClass(): void {
    if (this.kindChosen) return;
    this.kind = this.elderlySuggested ? "elderly" : "ordinary";
    void this.ask();
  }

  private async lookUp(number: string): Promise<void> {
    const [first] = await rpc("citizen.find", { text: number, limit: 1 });
    this.known = first?.party.id_number === number ? first : undefined;
  }

  /** One key: what was recorded last time fills what is still empty. */
  fillKnown(): void {
    if (this.known) this.take(this.known);
  }

  take(known: Known): void {
    this.begin();
    const last = partyDraft(known.party);
    const fill = (now: string, before: string) => (now === "" ? before : now);
    this.party = {
      kind: this.card ? "individual" : last.kind,
      name: fill(this.party.name, last.name),
      id_number: fill(this.party.id_number, last.id_number),
      birth_date: fill(this.party.birth_date, last.birth_date),
      sex: fill(this.party.sex, last.sex),
      phone: fill(this.party.phone, last.phone),
      email: fill(this.party.email, last.email),
      address: fill(this.party.address, last.address),
      representative: fill(this.party.representative, last.representative),
    };
    this.known = undefined;
    this.scanText = "";
    this.scanError = "";
    this.suggestClass();
    say(t("known.filled", { name: last.name }));
  }

  /** Typed and entered without a match: digits are a number, anything else a name, a card a card. */
  enter(text: string): void {
    this.begin();
    if (text.includes("|") || text.length > 60) {
      void this.scan(text);
      return;
    }
    if (/^[\d\s.]{9,}$/.test(text)) this.party.id_number = text.replace(/[\s.]/g, "");
    else this.party.name = text;
    this.scanText = "";
  }

  async check(): Promise<void> {
    if (read(this.party.name) === "") return;
    try {
      const { warnings } = await rpc("citizen.check", { party: partyOf(this.party) });
      this.errors = {};
      this.warnings = Object.fromEntries(
        warnings.map((w) => [(w.field ?? "").replace(/^party\./, ""), w.message]),
      );
    } catch (cause) {
      const error = apiError(cause);
      this.errors = error.field ? { [error.field.replace(/^party\./, "")]: error.message } : {};
    }
  }

  get anonymous(): boolean {
    return read(this.party.name) === "";
  }

  issue(print: boolean): Promise<void> {
    if (this.service === "") {
      say(t("reception.chooseService"), "info");
      return Promise.resolve();
    }
    return perform("issue", async () => {
      try {
        const given = await command("visit.register", {
          service: this.service,
          class: this.kind,
          applicant: this.anonymous ? undefined : partyOf(this.party),
          party_size: this.partySize,
          arrived_at: this.arrivedAt || undefined,
        });
        const { visit_id, ticket } = given;
        this.reset();
        say(
          t(print ? "done.issuedPrinting" : "done.issued", { ticket }),
          "done",
          undoFor(live.branch?.branch.queue.void_s ?? 300, t("undo.void"), async () => {
            await command("leg.void", { visit_id, reason: t("undo.voidReason") });
            say(t("done.voided", { ticket }));
            await refresh.queue();
          }),
          print ? visit_id : undefined,
        );
        if (print) await this.print(visit_id, ticket);
        await refresh.queue();
      } catch (cause) {
        const error = apiError(cause);
        if (error.field?.startsWith("applicant."))
          this.errors = { [error.field.slice("applicant.".length)]: error.message };
        sayError(error);
      }
    });
  }

  async print(visitId: string, ticket: string): Promise<void> {
    try {
      await command("print.submit", { kind: "ticket", id: visitId });
    } catch (cause) {
      say(t("print.ticketSafe", { title: ticket, why: errorText(cause) }), "problem");
    }
    await refresh.jobs();
  }
}

export const reception = new Reception();
