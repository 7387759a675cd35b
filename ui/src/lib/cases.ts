//! Where a case stands, as shape, word and tone; and the ready-made narrowings of the list.
import type { Args } from "./backend";
import type { CaseRow } from "./gen/CaseRow";
import { type MessageKey, t } from "./i18n.svelte";
import { isoDate, weekday } from "./time.svelte";

export interface Standing {
  tone: string;
  icon: string;
  text: string;
}

export function standing(row: Pick<CaseRow, "due_at" | "status">, now: number): Standing {
  if (row.status === "returned") return { tone: "ok", icon: "check", text: t("case.returned") };
  if (!row.due_at || now === 0) return { tone: "acc", icon: "arrow", text: t("case.received") };
  const due = Date.parse(row.due_at);
  if (now > due) {
    const days = Math.floor((now - due) / 86_400_000);
    return {
      tone: "over",
      icon: "w-over",
      text: days > 0 ? t("case.overdueDays", { n: days }) : t("case.overdue"),
    };
  }
  if (isoDate(now) === isoDate(due)) return { tone: "near", icon: "w-near", text: t("case.dueToday") };
  return { tone: "acc", icon: "arrow", text: t("case.received") };
}

export type Narrowing = "all" | "today" | "week" | "open" | "dueToday" | "overdue" | "returned";
type Filter = Omit<Args<"case.search">, "text" | "limit">;

/** In the order of the keys Alt 1 … Alt 7. Each is a question to the store, never a part of a page. */
export const narrowings: { id: Narrowing; label: MessageKey }[] = [
  { id: "all", label: "cases.all" },
  { id: "today", label: "cases.today" },
  { id: "week", label: "cases.week" },
  { id: "open", label: "cases.open" },
  { id: "dueToday", label: "cases.dueToday" },
  { id: "overdue", label: "cases.overdue" },
  { id: "returned", label: "cases.returned" },
];

/** Those that look back one year, as the store says of them. */
export const oneYear: Narrowing[] = ["open", "dueToday", "overdue", "returned"];

/** What is asked for on that day; a week begins on Monday. */
export function filterOf(narrowing: Narrowing, today: string): Filter {
  switch (narrowing) {
    case "all":
      return {};
    case "today":
      return { from: today };
    case "week":
      return { from: monday(today) };
    case "open":
      return { status: "received" };
    case "dueToday":
      return { due_on: today };
    case "overdue":
      return { overdue: true };
    case "returned":
      return { status: "returned" };
  }
}

function monday(day: string): string {
  const back = (weekday(day) + 6) % 7;
  return isoDate(Date.parse(`${day}T12:00:00+07:00`) - back * 86_400_000);
}
