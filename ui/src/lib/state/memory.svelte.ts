//! Whether the owner of a case was here before, by the number in the form: what they said then need
//! not be asked again. The form changes only when the officer says so.
import { rpc } from "$lib/backend";
import type { Known } from "$lib/gen/Known";
import type { PartyField } from "$lib/gen/PartyField";
import { type PartyDraft, offered, takeOver } from "./draft.svelte";

/** The shortest number that is somebody's: that of the old identity card. */
const SHORTEST = 9;
const bare = (party: PartyDraft) => party.id_number.replace(/[\s.]/g, "");

export class PartyMemory {
  private found = $state.raw<Known>();

  async ask(party: PartyDraft): Promise<void> {
    const number = bare(party);
    if (this.found?.party.id_number !== number) this.found = undefined;
    if (number.length < SHORTEST) return;
    try {
      const [first] = await rpc("citizen.find", { text: number, limit: 1 });
      if (bare(party) === number) this.found = first?.party.id_number === number ? first : undefined;
    } catch {
      // Then it is asked, as ever.
      this.found = undefined;
    }
  }

  /** Who it is and what of it the form does not say yet. */
  offer(party: PartyDraft): { known: Known; fields: PartyField[] } | undefined {
    const known = this.found;
    if (!known || known.party.id_number !== bare(party)) return undefined;
    const fields = offered(party, known.party);
    return fields.length > 0 ? { known, fields } : undefined;
  }

  /** Answers the fields that were filled. */
  fill(party: PartyDraft): PartyField[] {
    const offer = this.offer(party);
    return offer ? takeOver(party, offer.known.party) : [];
  }

  forget(): void {
    this.found = undefined;
  }
}
