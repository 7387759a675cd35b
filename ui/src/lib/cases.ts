//! Where a case stands, as shape, word and tone; and the ready-made narrowings of the list.
import type { Args } from "./backend";
import type { CaseAct } from "./gen/CaseAct";
import type { CaseRow } from "./gen/CaseRow";
import type { CaseStatus } from "./gen/CaseStatus";
import { caseWays } from "./gen/caseWays";
import { type MessageKey, t } from "./i18n.svelte";
import { isoDate, weekday } from "./time.svelte";

export interface Standing {
  tone: string;
  icon: string;
  text: string;
}

/** What is to be seen at a glance: the status, and within work the due time. */
export function standing(row: Pick<CaseRow, "due_at" | "status">, now: number): Standing {
  switch (row.status) {
    case "returned":
      return { tone: "ok", icon: "check", text: t("case.returned") };
    case "done":
      return { tone: "ok", icon: "door", text: t("case.done") };
    case "supplement_requested":
      return { tone: "near", icon: "pause", text: t("case.supplement_requested") };
    case "refused":
    case "withdrawn":
    case "stopped":
      return { tone: "", icon: "dash", text: t(`case.${row.status}`) };
    case "received":
    case "processing":
      return running(row.status, row.due_at, now);
  }
}

function running(status: "received" | "processing", due_at: string | null, now: number): Standing {
  const calm = { tone: "acc", icon: "arrow", text: t(`case.${status}`) };
  if (!due_at || now === 0) return calm;
  const due = Date.parse(due_at);
  if (now > due) {
    const days = Math.floor((now - due) / 86_400_000);
    return {
      tone: "over",
      icon: "w-over",
      text: days > 0 ? t("case.overdueDays", { n: days }) : t("case.overdue"),
    };
  }
  if (isoDate(now) === isoDate(due)) return { tone: "near", icon: "w-near", text: t("case.dueToday") };
  return calm;
}

/** The key of each act. Acts that are never possible in one status share one. */
export const actKeys: Record<CaseAct, string> = {
  return_result: "F2",
  receive_result: "F3",
  request_supplement: "F4",
  complete_supplement: "F4",
  postpone: "F5",
  hand_over: "F6",
  take_back: "F6",
  refuse: "F7",
  withdraw: "F8",
  stop: "F9",
  accept: "F10",
};

/** The step that brings a case on in each status; the others are the exceptions. */
export const nextStep: Partial<Record<CaseStatus, CaseAct>> = {
  received: "hand_over",
  processing: "receive_result",
  supplement_requested: "complete_supplement",
  done: "return_result",
};

export type Narrowing =
  "all" | "today" | "week" | "open" | "supplement" | "dueToday" | "overdue" | "done" | "returned";
type Filter = Omit<Args<"case.search">, "text" | "limit" | "after">;

/** Every status that is given at this desk, in the order of the portal's codes. */
export const statuses = caseWays.map(([status]) => status);

/** What is narrowed beside the chips. */
export interface Finer {
  status: CaseStatus | "";
  /** ISO days; undefined while nothing, or no day, is typed. */
  from: string | undefined;
  to: string | undefined;
  online: boolean;
}

export const unnarrowed: Finer = { status: "", from: undefined, to: undefined, online: false };

/** A chip and what is beside it, as one question. Both never say the same thing: see `rivals`. */
export function questionOf(narrowing: Narrowing, finer: Finer, today: string): Filter {
  return {
    ...filterOf(narrowing, today),
    ...(finer.status && { status: finer.status }),
    ...(finer.from && { from: finer.from }),
    ...(finer.to && { to: finer.to }),
    ...(finer.online && { online: true }),
  };
}

/** Whether a chip narrows by a status, or by the day of reception, of its own. */
export function rivals(narrowing: Narrowing, what: "status" | "day"): boolean {
  const asked = filterOf(narrowing, "2026-01-01");
  return what === "status" ? asked.status !== undefined : asked.from !== undefined;
}

/** In the order of the keys Alt 1 … Alt 9. Each is a question to the store, never a part of a page. */
export const narrowings: { id: Narrowing; label: MessageKey }[] = [
  { id: "all", label: "cases.all" },
  { id: "today", label: "cases.today" },
  { id: "week", label: "cases.week" },
  { id: "open", label: "cases.open" },
  { id: "supplement", label: "cases.supplement" },
  { id: "dueToday", label: "cases.dueToday" },
  { id: "overdue", label: "cases.overdue" },
  { id: "done", label: "cases.done" },
  { id: "returned", label: "cases.returned" },
];

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
      return { open: true };
    case "supplement":
      return { status: "supplement_requested" };
    case "dueToday":
      return { due_on: today };
    case "overdue":
      return { overdue: true };
    case "done":
      return { status: "done" };
    case "returned":
      return { status: "returned" };
  }
}

function monday(day: string): string {
  const back = (weekday(day) + 6) % 7;
  return isoDate(Date.parse(`${day}T12:00:00+07:00`) - back * 86_400_000);
}
