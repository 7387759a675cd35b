//! The words for where a visit stands and how it ended.
import type { Outcome } from "$lib/gen/Outcome";
import type { QueueRow } from "$lib/gen/QueueRow";
import { type MessageKey, t } from "$lib/i18n.svelte";

export const stateKeys = {
  called: "state.called",
  serving: "state.serving",
  waiting: "state.waiting",
  held: "state.held",
  missed: "state.missed",
  booked: "state.booked",
  closed: "state.closed",
} satisfies Record<QueueRow["state"], MessageKey>;

export const outcomeKeys = {
  DONE: "outcome.done",
  TRANSFERRED: "outcome.transferred",
  LEFT: "outcome.left",
  NO_SHOW: "outcome.no_show",
  CANCELLED: "outcome.cancelled",
  VOID: "outcome.void",
  UNSERVED_AT_CLOSE: "outcome.unserved_at_close",
  ENDED_BY_LOGOUT: "outcome.ended_by_logout",
  ENDED_BY_SYSTEM: "outcome.ended_by_system",
} satisfies Record<Outcome, MessageKey>;

/** How it ended, or where it stands. */
export function standing(row: {
  state: QueueRow["state"];
  outcome?: Outcome | null | undefined;
}): MessageKey {
  return row.state === "closed" && row.outcome ? outcomeKeys[row.outcome] : stateKeys[row.state];
}

/** Which way told waits lean, in plain words; under half a minute is none. */
export function bias(seconds: number | null): string {
  const minutes = Math.round(Math.abs(seconds ?? 0) / 60);
  if (seconds === null || minutes === 0) return t("kpi.promiseEven");
  return t(seconds > 0 ? "kpi.promiseLate" : "kpi.promiseEarly", { n: minutes });
}
