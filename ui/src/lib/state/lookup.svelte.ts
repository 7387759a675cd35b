//! Looking one party up in a national register: asked by the officer's key, answered when it is
//! answered. The form changes only when the officer says so.
import { type Answer, rpc } from "$lib/backend";
import type { LookUpDifference } from "$lib/gen/LookUpDifference";
import { t } from "$lib/i18n.svelte";
import { type PartyDraft, partyDraft, partyOf } from "./draft.svelte";
import { say, sayError } from "./strip.svelte";

/** Digits without what people type between them. */
const bare = (number: string) => number.replace(/[\s.]/g, "");

/** Whether there is something to ask for; Rust says why not where it disagrees. */
export function askable(party: PartyDraft): boolean {
  const number = bare(party.id_number);
  if (party.kind === "individual") return /^\d{12}$/.test(number);
  return party.kind !== "agency" && /^\d{10}(-?\d{3})?$/.test(number);
}

export class PartyLookUp {
  private answer = $state.raw<Answer<"citizen.look_up">>();
  /** For which number and register; another one has no answer yet. */
  private askedFor = $state("");
  private asking = $state("");
  private filled = $state(false);

  private key(party: PartyDraft): string {
    return `${party.kind === "individual"}:${bare(party.id_number)}`;
  }

  answerFor(party: PartyDraft): Answer<"citizen.look_up"> | undefined {
    return this.askedFor === this.key(party) ? this.answer : undefined;
  }

  isAsking(party: PartyDraft): boolean {
    return this.asking !== "" && this.asking === this.key(party);
  }

  /** What the register says otherwise than the form, until it was filled in. */
  differences(party: PartyDraft): LookUpDifference[] {
    return this.filled ? [] : (this.answerFor(party)?.differences ?? []);
  }

  isFilled(party: PartyDraft): boolean {
    return this.filled && this.answerFor(party) !== undefined;
  }

  forget(): void {
    this.answer = undefined;
    this.askedFor = "";
    this.asking = "";
    this.filled = false;
  }

  /** Nobody waits for it: the answer comes when it comes, and only for the number it was asked for. */
  async ask(party: PartyDraft, visitId?: string): Promise<void> {
    if (this.asking !== "") return;
    if (!askable(party)) {
      say(t("register.needNumber"), "info");
      return;
    }
    const key = this.key(party);
    this.asking = key;
    try {
      const verb = party.kind === "individual" ? "citizen.look_up" : "enterprise.look_up";
      const answer = await rpc(verb, { party: partyOf(party), visit_id: visitId });
      if (this.asking !== key) return;
      this.answer = answer;
      this.askedFor = key;
      this.filled = false;
    } catch (cause) {
      sayError(cause);
    } finally {
      if (this.asking === key) this.asking = "";
    }
  }

  /** What the register says goes into the form; the number, telephone and e-mail stay. */
  fill(party: PartyDraft): boolean {
    const filled = this.answerFor(party)?.filled;
    if (!filled || this.differences(party).length === 0) return false;
    const { name, birth_date, sex, address, representative } = partyDraft(filled);
    Object.assign(party, { name, birth_date, sex, address, representative });
    this.filled = true;
    return true;
  }
}
