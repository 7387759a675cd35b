//! How urgent a wait is: the four states of a wait ruler, at 10, 15 and 30 minutes.
import type { MessageKey } from "./i18n.svelte";

export type WaitState = "ok" | "near" | "over" | "over30";

const MINUTE = 60_000;
/** Length of the ruler. */
export const RULER_MS = 30 * MINUTE;

export function waitState(ms: number): WaitState {
  if (ms >= RULER_MS) return "over30";
  if (ms >= 15 * MINUTE) return "over";
  if (ms >= 10 * MINUTE) return "near";
  return "ok";
}

export const waitWord: Record<WaitState, MessageKey> = {
  ok: "wait.ok",
  near: "wait.near",
  over: "wait.over",
  over30: "wait.over30",
};

/** Filled part of the ruler in per cent. */
export function waitPercent(ms: number): number {
  return Math.min(100, Math.max(0, (ms / RULER_MS) * 100));
}
