//! The bottom strip: what was just done, whether it is saved, and the way back while it is open.
import { apiError } from "$lib/backend";
import type { PrintJob } from "$lib/gen/PrintJob";
import { t } from "$lib/i18n.svelte";
import { mono } from "$lib/time.svelte";

export interface Undo {
  /** Monotonic moment until which the way back is open. */
  until: number;
  label: string;
  run: () => Promise<void>;
}
export interface Notice {
  /** Counted up as things are said; what becomes of a paper is said under the number it had. */
  n: number;
  text: string;
  tone: "done" | "problem" | "info";
  undo?: Undo | undefined;
  /** Case or visit whose paper is being printed, or the one job among several: the notice follows
      the printer. */
  about?: string | undefined;
  /** Says something of this screen only: gone when the officer goes to another. */
  here?: boolean;
}

const state = $state<{ notice: Notice | undefined }>({ notice: undefined });
let count = 0;

export function notice(): Notice | undefined {
  return state.notice;
}

/** For whatever lies over the strip: the number of the last thing said, and what is said after it. */
export function saidSoFar(): number {
  return count;
}
export function saidSince(before: number): Notice | undefined {
  return state.notice && state.notice.n > before ? state.notice : undefined;
}

function put(notice: Omit<Notice, "n">): void {
  state.notice = { n: ++count, ...notice };
}

export function say(text: string, tone: Notice["tone"] = "done", undo?: Undo, about?: string): void {
  put({ text, tone, undo, about });
}

/** Something about what is on this screen, such as a card that was read. */
export function sayHere(text: string): void {
  put({ text, tone: "done", here: true });
}

/** Another screen: what was said of the last one means nothing here. */
export function leaveScreen(): void {
  if (state.notice?.here) state.notice = undefined;
}

/** Saved, then printed: the same notice tells what became of the paper, and keeps its way back. */
export function sayPrinted(job: PrintJob): void {
  const shown = state.notice;
  if (
    !shown ||
    (shown.about !== job.id && shown.about !== job.job_id) ||
    (job.state !== "done" && job.state !== "failed")
  )
    return;
  const { title } = job;
  if (job.state === "done") {
    state.notice = {
      ...shown,
      text: t(`printed.${job.kind}`, { title }),
      tone: "done",
      about: undefined,
    };
  } else {
    state.notice = {
      ...shown,
      // What is kept, the reason says itself.
      text: t(`unprinted.${job.kind}`, { title, why: job.message ?? "" }),
      tone: "problem",
    };
  }
}

export function sayError(cause: unknown): void {
  const error = apiError(cause);
  put({ text: errorText(cause), tone: "problem" });
  if (error.code === "UNREACHABLE" && error.message) console.error(error.message);
}

/** The sentence of a refusal; a broken line has none of its own. */
export function errorText(cause: unknown): string {
  const error = apiError(cause);
  return error.code === "UNREACHABLE" ? t("error.unreachable") : error.message;
}

/** Milliseconds left to undo; 0 when nothing can be taken back. */
export function undoLeft(): number {
  const undo = state.notice?.undo;
  return undo ? Math.max(0, undo.until - mono()) : 0;
}

export function undoFor(seconds: number, label: string, run: () => Promise<void>): Undo {
  return { until: performance.now() + seconds * 1000, label, run };
}

const busy = new Set<string>();

/** Runs one act; pressed again while it runs, the same key does nothing. */
export async function perform(key: string, act: () => Promise<void>): Promise<void> {
  if (busy.has(key)) return;
  busy.add(key);
  try {
    await act();
  } catch (cause) {
    sayError(cause);
  } finally {
    busy.delete(key);
  }
}

export async function undo(): Promise<void> {
  const undo = state.notice?.undo;
  if (!undo || undoLeft() <= 0) return;
  await perform("undo", async () => {
    await undo.run();
    if (state.notice?.undo === undo) state.notice = undefined;
  });
}
