//! The reception desk: who has come, for what, in which class; and the number that is given.
import { type Answer, apiError, command, rpc } from "$lib/backend";
import type { Card } from "$lib/gen/Card";
import type { Class } from "$lib/gen/Class";
import type { QueueRow } from "$lib/gen/QueueRow";
import { t } from "$lib/i18n.svelte";
import { age, isoDate, serverNow } from "$lib/time.svelte";
import {
  emptyParty,
  offered,
  partyDraft,
  type PartyDraft,
  partyOf,
  takeOver,
  withCard,
} from "./draft.svelte";
import { live, refresh } from "./live.svelte";
import { PartyLookUp } from "./lookup.svelte";
import { codeFromTyped } from "$lib/appointments";
import { errorText, perform, say, sayError, sayHere, undoFor } from "./strip.svelte";
import { fold, read } from "$lib/text";

export type Known = Answer<"citizen.find">[number];

export const classKeys: { kind: Class; key: string }[] = [
  { kind: "ordinary", key: "T" },
  { kind: "elderly", key: "U" },
  { kind: "disabled", key: "K" },
  { kind: "pregnant", key: "M" },
  { kind: "merit", key: "C" },
  { kind: "appointment", key: "H" },
];
const MOST_PEOPLE = 50;
const MOST_CASES = 50;

/** What was given last: stays in sight until the next person. */
export interface Given {
  ticket: string;
  visitId: string;
  /** Names, in the order they will be served. */
  services: string[];
  peopleAhead: number;
  quote: [number, number] | null;
  rankedAt: string;
  /** For somebody who was booked. */
  slotAt?: string | undefined;
}
/** An appointment made last. */
export interface Booking {
  slotAt: string;
  service: string;
  name: string;
  visitId: string;
  code: string;
}

/** Người cao tuổi begins here (Luật Người cao tuổi 39/2009/QH12, Điều 2). */
const ELDERLY_FROM = 60;

class Reception {
  readonly register = new PartyLookUp();
  party = $state<PartyDraft>(emptyParty());
  scanText = $state("");
  /** The card that was read. */
  card = $state.raw<Card>();
  scanError = $state("");
  known = $state.raw<Known>();
  service = $state("");
  /** Services after the first, in order. */
  more = $state<string[]>([]);
  /** The next service chosen is added after the first. */
  adding = $state(false);
  /** Booked for today, and by name and number the person who stands here. */
  appointment = $state.raw<QueueRow>();
  given = $state.raw<Given>();
  booking = $state.raw<Booking>();
  kind = $state<Class>("ordinary");
  /** The officer chose the class; a suggestion no longer changes it. */
  kindChosen = $state(false);
  partySize = $state(1);
  /** Cases they bring. */
  quantity = $state(1);
  /** Typed from a slip of the paper roll. */
  paperText = $state("");
  skipReason = $state("");
  /** Why a number is given although the service gives none. */
  despite = $state("");
  preview = $state.raw<Answer<"queue.preview">>();
  errors = $state<Record<string, string>>({});
  warnings = $state<Record<string, string>>({});
  arrivedAt = "";
  /** Visit whose ticket was asked for again. */
  lastPrinted = $state("");

  get years(): number | undefined {
    const birth = this.party.birth_date;
    const today = live.branch?.date;
    return birth && today ? age(birth, today) : undefined;
  }

  /** The number typed from a slip; none leaves it to the roll. */
  get slip(): number | undefined {
    const digits = read(this.paperText).replace(/\D/g, "");
    return digits === "" ? undefined : Number(digits);
  }

  /** The roll of the chosen service, where its numbers are torn from one. */
  get roll() {
    const code = this.service || this.appointment?.service;
    return live.queue?.value.services.find((each) => each.code === code)?.roll;
  }

  get elderlySuggested(): boolean {
    return (this.years ?? 0) >= ELDERLY_FROM;
  }

  /** Registration begins with the first thing done for a person. */
  begin(): void {
    this.given = undefined;
    this.booking = undefined;
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
    this.more = [];
    this.adding = false;
    this.appointment = undefined;
    this.given = undefined;
    this.booking = undefined;
    this.kind = "ordinary";
    this.kindChosen = false;
    this.partySize = 1;
    this.quantity = 1;
    this.paperText = "";
    this.skipReason = "";
    this.despite = "";
    this.preview = undefined;
    this.errors = {};
    this.warnings = {};
    this.arrivedAt = "";
    this.register.forget();
  }

  askRegister(): void {
    void this.register.ask(this.party);
  }

  fillFromRegister(): void {
    if (this.register.fill(this.party)) void this.check();
  }

  chooseKind(kind: Class): void {
    this.kind = kind;
    this.kindChosen = true;
    void this.ask();
  }

  chooseService(code: string): void {
    this.begin();
    if (this.adding && this.service !== "" && code !== this.service) {
      this.toggleMore(code);
      return;
    }
    this.adding = false;
    if (code !== this.service) {
      this.despite = "";
      this.paperText = "";
      this.skipReason = "";
      this.errors = {};
    }
    this.service = code;
    this.more = this.more.filter((each) => each !== code);
    void this.ask();
  }

  /** One more thing to do in the same visit, or not after all. */
  toggleMore(code: string): void {
    this.adding = false;
    if (code === this.service) return;
    this.more = this.more.includes(code) ? this.more.filter((each) => each !== code) : [...this.more, code];
  }

  /** Adding needs something to add to. */
  startAdding(): void {
    if (this.service === "") say(t("reception.chooseService"), "info");
    else this.adding = !this.adding;
  }

  people(step: number): void {
    this.partySize = Math.min(MOST_PEOPLE, Math.max(1, this.partySize + step));
  }

  bringing(step: number): void {
    this.quantity = Math.min(MOST_CASES, Math.max(1, this.quantity + step));
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

  /** The code of a slip: whoever holds it is here. */
  private slipOf(code: string): Promise<void> {
    this.scanText = "";
    return perform(`slip.${code}`, async () => {
      const row = await rpc("visit.of_slip", { code });
      // Whoever has come already, or is booked for another day, is told so by the refusal.
      await this.checkIn(row);
    });
  }

  /** The slip of an appointment; nobody waits for the printer. */
  async printSlip(visitId: string, code: string): Promise<void> {
    try {
      await command("print.submit", { kind: "appointment", id: visitId });
      say(t("done.slip", { code }), "done", undefined, visitId);
    } catch (cause) {
      say(t("unprinted.appointment", { title: code, why: errorText(cause) }), "problem");
    }
    await refresh.jobs();
  }

  /** Text of a card, however it came. Damaged scans say which part is doubtful. */
  scan(raw: string): Promise<void> {
    const code = codeFromTyped(raw);
    if (code) return this.slipOf(code);
    this.begin();
    return perform("scan", async () => {
      try {
        const card = await rpc("identity.parse", { raw });
        this.card = card;
        this.scanError = "";
        this.scanText = "";
        this.party = withCard(emptyParty(), card);
        this.errors = {};
        this.warnings = {};
        this.suggestClass();
        sayHere(t("scan.read"));
        await Promise.all([this.lookUp(card.number), this.findAppointment()]);
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

  /** Whether somebody with that number was here before: then their data need not be asked again. */
  private async lookUp(number: string): Promise<void> {
    const [first] = await rpc("citizen.find", { text: number, limit: 1 });
    if (read(this.party.id_number) !== number) return;
    this.known = first?.party.id_number === number ? first : undefined;
  }

  /** A number was typed, and not read from a card. */
  async recognise(): Promise<void> {
    const number = this.party.id_number.replace(/[\s.]/g, "");
    if (number.length < 9) {
      this.known = undefined;
      return;
    }
    try {
      const [first] = await rpc("citizen.find", { text: number, limit: 1 });
      if (this.party.id_number.replace(/[\s.]/g, "") !== number) return;
      const same = first?.party.id_number === number ? first : undefined;
      this.known = same && offered(this.party, same.party).length > 0 ? same : undefined;
    } catch {
      // Then it is asked, as ever.
      this.known = undefined;
    }
  }

  /** One key: what was recorded last time fills what is still empty. */
  fillKnown(): void {
    if (this.known) this.take(this.known);
  }

  take(known: Known): void {
    this.begin();
    const last = partyDraft(known.party);
    if (!this.card) this.party.kind = last.kind;
    takeOver(this.party, known.party);
    this.known = undefined;
    this.scanText = "";
    this.scanError = "";
    this.suggestClass();
    sayHere(t("known.filled", { name: last.name }));
    void this.check();
    void this.findAppointment();
  }

  /** Whether the person who stands here is booked for today: the name, and never another's number. */
  async findAppointment(): Promise<void> {
    this.appointment = undefined;
    const { name, id_number } = this.party;
    const same = (live.queue?.value.booked ?? []).filter((row) => fold(row.name ?? "") === fold(name));
    for (const row of same) {
      try {
        const { visit } = await rpc("visit.get", { visit_id: row.visit_id });
        const booked = visit.applicant?.id_number;
        if (booked && id_number && booked !== read(id_number)) continue;
      } catch (cause) {
        sayError(cause);
        return;
      }
      if (name === this.party.name) this.appointment = row;
      return;
    }
  }

  /** A booked person is here: a number by the booked time, and the ticket. */
  checkIn(row: QueueRow): Promise<void> {
    return perform(`checkIn.${row.visit_id}`, async () => {
      const slip = live.queue?.value.services.find((each) => each.code === row.service)?.roll !== undefined;
      const given = await command("visit.check_in", {
        visit_id: row.visit_id,
        paper_number: slip ? this.slip : undefined,
      });
      const person = this.appointment?.visit_id === row.visit_id && this.card ? this.party : undefined;
      this.reset();
      this.given = this.givenOf(given, [row.service], row.slot_at);
      say(t("done.checkedIn", { ticket: given.ticket }), "done", undefined, given.visit_id);
      if (!slip) await this.print(given.visit_id, given.ticket);
      if (person) await this.completePerson(given.visit_id, given.ticket, person);
      await refresh.queue();
    });
  }

  /** What the card says is added to what was told at booking. */
  private async completePerson(visitId: string, ticket: string, person: PartyDraft): Promise<void> {
    try {
      const { visit } = await rpc("visit.get", { visit_id: visitId });
      const told = partyDraft(visit.applicant);
      const applicant = partyOf({ ...person, phone: person.phone || told.phone, email: told.email });
      await command("visit.identify", { visit_id: visitId, applicant });
    } catch (cause) {
      say(t("print.ticketSafe", { title: ticket, why: errorText(cause) }), "problem");
    }
  }

  private givenOf(given: Answer<"visit.register">, codes: string[], slotAt?: string): Given {
    const names = live.queue?.value.services ?? [];
    return {
      ticket: given.ticket,
      visitId: given.visit_id,
      services: codes.map((code) => names.find((each) => each.code === code)?.name ?? code),
      peopleAhead: given.people_ahead,
      quote: given.quoted_minutes,
      rankedAt: given.ranked_as_at,
      slotAt,
    };
  }

  /** Typed and entered without a match: digits are a number, anything else a name, a card a card. */
  enter(text: string): void {
    this.begin();
    if (text.includes("|") || text.length > 60 || codeFromTyped(text)) {
      void this.scan(text);
      return;
    }
    if (/^[\d\s.]{9,}$/.test(text)) {
      this.party.id_number = text.replace(/[\s.]/g, "");
      void this.recognise();
    } else this.party.name = text;
    this.scanText = "";
  }

  async check(): Promise<void> {
    if (read(this.party.name) === "") return;
    this.errors = {};
    try {
      const { warnings } = await rpc("citizen.check", { party: partyOf(this.party) });
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
    if (this.service === "" && this.appointment) return this.checkIn(this.appointment);
    if (this.service === "") {
      say(t("reception.chooseService"), "info");
      return Promise.resolve();
    }
    // A slip is in the person's hand already: nothing is printed.
    const slip = this.roll !== undefined;
    return perform("issue", async () => {
      try {
        const codes = [this.service, ...this.more];
        // A form left open overnight does not say when somebody came today.
        const today = this.arrivedAt !== "" && isoDate(this.arrivedAt) === live.queue?.value.date;
        const given = await command("visit.register", {
          service: this.service,
          more: this.more.length > 0 ? [...this.more] : undefined,
          class: this.kind,
          applicant: this.anonymous ? undefined : partyOf(this.party),
          party_size: this.partySize,
          quantity: this.quantity,
          paper_number: this.roll ? this.slip : undefined,
          skip_reason: read(this.skipReason) || undefined,
          despite: this.despite || undefined,
          arrived_at: today ? this.arrivedAt : undefined,
        });
        const { visit_id, ticket } = given;
        this.reset();
        this.given = this.givenOf(given, codes);
        say(
          t(slip ? "done.paper" : print ? "done.issuedPrinting" : "done.issued", { ticket }),
          "done",
          undoFor(live.branch?.branch.queue.void_s ?? 300, t("undo.void"), async () => {
            await command("leg.void", { visit_id, reason: t("undo.voidReason") });
            if (this.given?.visitId === visit_id) this.given = undefined;
            say(t("done.voided", { ticket }));
            await refresh.queue();
          }),
          print && !slip ? visit_id : undefined,
        );
        if (print && !slip) await this.print(visit_id, ticket);
        await refresh.queue();
      } catch (cause) {
        const error = apiError(cause);
        if (error.field?.startsWith("applicant."))
          this.errors = { [error.field.slice("applicant.".length)]: error.message };
        if (error.field === "paper_number" || error.field === "skip_reason")
          this.errors = { [error.field]: error.message };
        // The time is the screen's, not the officer's: without it the number can be given.
        if (error.field === "arrived_at") this.arrivedAt = "";
        sayError(error);
      }
    });
  }

  reprint(row: { visit_id: string; ticket: string }): Promise<void> {
    this.lastPrinted = row.visit_id;
    return perform(`reprint.${row.visit_id}`, async () => {
      await this.print(row.visit_id, row.ticket);
      say(t("done.ticketReprinted", { ticket: row.ticket }));
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
