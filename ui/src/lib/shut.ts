//! Why a service gives no numbers, in words: one place for desk, board and terminal.
import type { Shut } from "$lib/gen/Shut";
import { t } from "$lib/i18n.svelte";
import { dayMonth, hourMinute, isoDate } from "$lib/time.svelte";

/** `16:20`, with the day where it is not today. */
function when(at: string, today: string): string {
  return isoDate(at) === today
    ? hourMinute(at)
    : t("shut.dayTime", { time: hourMinute(at), day: dayMonth(at) });
}

/** What is shut. */
export function shutWhy(shut: Shut, today: string): string {
  switch (shut.why) {
    case "last_number":
      return shut.since ? t("shut.since", { time: when(shut.since, today) }) : t("shut.stopped");
    case "holiday":
      return t("shut.holiday", { name: shut.holiday ?? "" });
    case "stopped":
      return t("shut.stopped");
    case "hours":
      return t("shut.hours");
    case "weekend":
      return t("shut.weekend");
    case "used_up":
      return t("shut.usedUp");
    case "day_closed":
      return t("shut.dayClosed");
  }
}

/** When it opens again; empty where nobody knows. */
export function shutUntil(shut: Shut, today: string): string {
  return shut.reopens_at ? t("shut.reopens", { time: when(shut.reopens_at, today) }) : "";
}

/** Both, for one line. */
export function shutLine(shut: Shut, today: string): string {
  return [shutWhy(shut, today), shutUntil(shut, today)].filter((part) => part !== "").join(". ");
}
