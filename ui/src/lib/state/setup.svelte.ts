//! Setting the branch up: one draft, saved whole or not at all. It outlives the screen while it has
//! changes that are not saved; another machine's changes come in beside mine and never over them.
import { apiError, command } from "$lib/backend";
import type { Branch } from "$lib/gen/Branch";
import { t } from "$lib/i18n.svelte";
import { type Line, changes, merge, outwards, placeOf, type Section } from "$lib/setup/changes";
import { branchOf, type Draft, draftOf, type List, move, remove } from "$lib/setup/draft";
import { errorText, notice, perform, say, undoFor } from "$lib/state/strip.svelte";
import { tick } from "svelte";
import { live } from "./live.svelte";
import { guardLeaving } from "./session.svelte";

const UNDO_S = 30;

class Setup {
  draft = $state<Draft>();
  section = $state<Section>("office");
  /** The entry shown of each list. */
  chosen = $state<Record<List, number>>({ services: 0, counters: 0, officers: 0, targets: 0 });
  problem = $state.raw<{ path: string; text: string }>();
  /** What was in both people's hands when another machine's document came in. */
  clashes = $state.raw<string[]>();
  /** What should happen after the question whether to leave. */
  leaving = $state.raw<{ on: () => void }>();
  saving = $state(false);
  private base = $state.raw<Branch>();
  private revision = $state("");

  lines = $derived.by((): Line[] => {
    if (!this.draft || !this.base) return [];
    return changes(this.base, branchOf($state.snapshot(this.draft) as Draft));
  });
  dirty = $derived(this.lines.length > 0);
  /** Another document stands by now than the one that this draft came from. */
  outdated = $derived(
    this.draft !== undefined && live.branch !== undefined && live.branch.revision !== this.revision,
  );

  /** What stands now, unless there are changes of ours. */
  follow(): void {
    if (!live.branch || (this.draft && (this.dirty || !this.outdated))) return;
    this.take(live.branch.branch, live.branch.revision);
  }

  private take(branch: Branch, revision: string): void {
    this.base = branch;
    this.revision = revision;
    this.draft = draftOf(branch);
    this.problem = undefined;
    this.clashes = undefined;
    this.clamp();
  }

  private clamp(): void {
    for (const list of Object.keys(this.chosen) as List[]) {
      const last = (this.draft?.[list].length ?? 0) - 1;
      this.chosen[list] = Math.max(0, Math.min(this.chosen[list], last));
    }
  }

  /** My changes upon what stands by now. */
  rebase(): void {
    if (!this.draft || !this.base || !live.branch) return;
    const { branch: theirs, revision } = live.branch;
    const mine = branchOf($state.snapshot(this.draft) as Draft);
    const { branch, clashes } = merge(this.base, mine, theirs);
    this.base = theirs;
    this.revision = revision;
    this.draft = draftOf(branch, theirs);
    this.clashes = clashes;
    this.problem = undefined;
    this.clamp();
  }

  discard(): void {
    if (live.branch) this.take(live.branch.branch, live.branch.revision);
  }

  /** Answers whether it was saved. */
  async save(): Promise<boolean> {
    if (!this.draft || !this.dirty || this.saving) return false;
    const branch = branchOf($state.snapshot(this.draft) as Draft);
    let saved = false;
    this.saving = true;
    await perform("setup.save", async () => {
      this.problem = undefined;
      try {
        const answer = await command("branch.configure", { branch, expected: this.revision });
        const shown = { ...this.chosen };
        live.branch = { ...(live.branch ?? answer), branch: answer.branch, revision: answer.revision };
        this.take(answer.branch, answer.revision);
        this.chosen = shown;
        this.clamp();
        saved = true;
        say(t("setup.saved"));
      } catch (cause) {
        await this.explain(cause);
      }
    });
    this.saving = false;
    return saved;
  }

  private async explain(cause: unknown): Promise<void> {
    const error = apiError(cause);
    const place = placeOf(error.field);
    // What was just taken out of the draft can still be brought back.
    say(errorText(cause), "problem", notice()?.undo);
    if (!place) return;
    this.section = place.section;
    const list = /^(services|counters|officers|targets)\[/.exec(place.path)?.[1] as List | undefined;
    if (list && place.index !== undefined) this.chosen[list] = place.index;
    await tick();
    // The nearest field on screen: a sentence about a part of it stands beside the whole.
    const found = outwards(place.path)
      .map((path) => ({ path, element: document.querySelector<HTMLElement>(`[data-field="${path}"]`) }))
      .find(({ element }) => element);
    this.problem = { path: found?.path ?? place.section, text: errorText(cause) };
    await tick();
    found?.element?.focus();
    found?.element?.scrollIntoView({ block: "nearest" });
  }

  /** The sentence that belongs beside a field. */
  at(path: string): string | undefined {
    return this.problem?.path === path ? this.problem.text : undefined;
  }

  /** Takes an entry away; the way back is open for a while. */
  remove(list: List, at: number, name: string): void {
    if (!this.draft) return;
    const before = $state.snapshot(this.draft) as Draft;
    remove(this.draft, list, at);
    this.problem = undefined;
    this.clamp();
    const { revision } = this;
    const back = (): Promise<void> => {
      // Nothing that came after is lost by it, unless there is another document by now.
      if (this.draft && revision === this.revision) {
        const row = before[list][at];
        if (row) {
          (this.draft[list] as unknown[]).splice(at, 0, row);
          if (list === "services") this.draft.counters = mergedServices(this.draft, before);
        }
        this.chosen[list] = at;
      }
      return Promise.resolve();
    };
    say(t("setup.removed", { name }), "info", undoFor(UNDO_S, t("setup.undoRemove"), back));
  }

  move(list: List, at: number, step: 1 | -1): void {
    if (this.draft) this.chosen[list] = move(this.draft, list, at, step);
  }
}

/** The counters of now with what they served before a service was taken away. */
function mergedServices(now: Draft, before: Draft): Draft["counters"] {
  return now.counters.map((row) => {
    const was = before.counters.find((each) => each.key === row.key);
    return was ? { ...row, value: { ...row.value, services: was.value.services } } : row;
  });
}

export const setup = new Setup();

/** While the set-up screen is shown: whoever goes elsewhere with unsaved changes is asked first. */
export function guardSetup(): () => void {
  return guardLeaving((on) => {
    if (!setup.dirty) return false;
    setup.leaving = { on };
    return true;
  });
}
