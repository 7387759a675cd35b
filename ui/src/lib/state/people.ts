//! Acts on people in the lists, who are not at the desk: back after a miss, gone, of another
//! class, or closed as never having come.
import { command } from "$lib/backend";
import type { Class } from "$lib/gen/Class";
import type { QueueRow } from "$lib/gen/QueueRow";
import { t } from "$lib/i18n.svelte";
import { countdown, serverNow } from "$lib/time.svelte";
import { live, refresh } from "./live.svelte";
import { may } from "./session.svelte";
import { perform, say, undoFor } from "./strip.svelte";

const rules = () => live.branch?.branch.queue;

export const back = (row: QueueRow) =>
  perform(`back.${row.visit_id}`, async () => {
    await command("leg.return", { visit_id: row.visit_id });
    say(t("done.back", { ticket: row.ticket }));
    await refresh.queue();
  });

/** Went away while waiting; the wait counts up to now. */
export const leave = (row: QueueRow) =>
  perform(`leave.${row.visit_id}`, async () => {
    await command("leg.leave", { visit_id: row.visit_id });
    say(
      t("done.left", { ticket: row.ticket }),
      "done",
      undoFor(rules()?.reopen_s ?? 600, t("undo.back"), async () => {
        await command("leg.reopen", { visit_id: row.visit_id, serving: false, reason: t("undo.reason") });
        await refresh.queue();
      }),
    );
    await refresh.queue();
  });

export const classify = (row: QueueRow, kind: Class) =>
  perform(`classify.${row.visit_id}`, async () => {
    await command("visit.classify", { visit_id: row.visit_id, class: kind });
    say(t("done.classified", { ticket: row.ticket }));
    await refresh.queue();
  });

/** Why somebody who was called and missed cannot be closed yet, as the rule counts. */
export function noShowWhy(row: QueueRow): string | undefined {
  const heard = live.queue;
  if (!may("leg.no_show")) return t("rail.notYourRole");
  const most = rules()?.missed_max ?? 3;
  if (row.misses < most) return t("missed.needMore", { n: most });
  const until = Date.parse(row.since) + (rules()?.missed_wait_s ?? 1800) * 1000;
  const left = heard ? until - serverNow(heard.at) : 0;
  return left > 0 ? t("missed.needTime", { time: countdown(left) }) : undefined;
}

export const noShow = (row: QueueRow) =>
  perform(`noShow.${row.visit_id}`, async () => {
    const { visit_id, ticket } = row;
    await command("leg.no_show", { visit_id });
    say(
      t("done.noShow", { ticket }),
      "done",
      undoFor(rules()?.reopen_s ?? 600, t("undo.noShow"), async () => {
        await command("leg.reopen", { visit_id, serving: false, reason: t("undo.noShowReason") });
        say(t("done.noShowUndone", { ticket }));
        await refresh.queue();
      }),
    );
    await refresh.queue();
  });
