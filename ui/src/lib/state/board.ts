//! The way from an officer's screen to the board in the hall.
import { openBoard } from "$lib/backend";
import { t } from "$lib/i18n.svelte";
import { perform, say } from "./strip.svelte";

export function showBoard(): Promise<void> {
  return perform("board", async () => {
    if (await openBoard()) say(t("board.opened"));
    else say(t("board.notHere"), "problem");
  });
}
