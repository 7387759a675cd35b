//! Which day is it? Asked when this machine and its hub or central disagree by more than a day.
import { whenDoubted } from "$lib/backend";
import { live, refresh } from "./live.svelte";

const state = $state({ asking: false });

export function askingDate(): boolean {
  return state.asking;
}

export function askDate(): void {
  state.asking = true;
}

export function dateAsked(): void {
  state.asking = false;
}

/** A command was refused for it: asked here, unless it is another machine's date that is in doubt. */
export function followDoubt(): () => void {
  return whenDoubted(() => {
    void refresh.branch().then(() => {
      if (live.branch?.clock_doubt) askDate();
    });
  });
}
