//! A dialog that does something to a case. Whoever looked at an older state is told what was done
//! since, and has it before them when they press again; nothing typed is lost.
import { type Answer, apiError, rpc } from "$lib/backend";
import { tick } from "svelte";
import { perform, sayError } from "./strip.svelte";

export class CaseForm {
  /** Sentences by field. */
  errors = $state<Record<string, string>>({});
  /** What others did meanwhile, in words. */
  changed = $state("");
  /** The case as it stands after what others did; none while nothing was told. */
  now = $state.raw<Answer<"case.get">>();
  /** The state of the case that was looked at. */
  expected = $state(0);
  readonly #caseId: string;

  constructor(caseId: string, revision: number) {
    this.#caseId = caseId;
    this.expected = revision;
  }

  /** Sends what `make` gives; it gives nothing where it has put an error at a field itself. */
  send<T>(key: string, make: () => Promise<T> | undefined, done: (told: T) => void, fault: () => void): void {
    void perform(key, async () => {
      this.errors = {};
      this.changed = "";
      // The next value may be refused with the same sentence.
      await tick();
      try {
        const sent = make();
        if (!sent) return fault();
        done(await sent);
      } catch (cause) {
        const error = apiError(cause);
        if (error.code === "CASE_CHANGED") {
          this.changed = error.message;
          // Whoever presses again has read what was done.
          this.now = await rpc("case.get", { id: this.#caseId });
          this.expected = this.now.revision;
        } else if (error.field) {
          this.errors = { [error.field]: error.message };
          fault();
        } else sayError(error);
      }
    });
  }
}
