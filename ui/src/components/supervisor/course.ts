//! Where things stand in the chart of the day: seconds and half hours to places on a drawing.
import type { HalfHour } from "$lib/gen/HalfHour";

const HALF_HOUR_MS = 30 * 60_000;

export interface Frame {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export interface Course {
  /** Top of the scale, minutes: the 30-minute line always has room above it. */
  most: number;
  y: (seconds: number) => number;
  /** Middle of the n-th half hour. */
  x: (n: number) => number;
  /** Width of a half hour. */
  step: number;
}

/** The drawing's scales for these half hours. */
export function course(slots: HalfHour[], frame: Frame): Course {
  const longest = Math.max(0, ...slots.flatMap((slot) => [slot.max_s ?? 0, slot.longest_now_s ?? 0]));
  const most = Math.max(40, Math.ceil(longest / 60 / 10) * 10);
  const inner = {
    width: frame.width - frame.left - frame.right,
    height: frame.height - frame.top - frame.bottom,
  };
  // A morning just begun is not stretched over the whole width.
  const step = inner.width / Math.max(8, slots.length);
  return {
    most,
    step,
    x: (n) => frame.left + (n + 0.5) * step,
    y: (seconds) => frame.top + inner.height * (1 - Math.min(seconds / 60, most) / most),
  };
}

/** `08:30` begins a half hour that ends at `09:00`. */
export function endOf(slot: HalfHour): number {
  return Date.parse(slot.from) + HALF_HOUR_MS;
}

/** The half hour that was worst on average, if anybody was served at all. */
export function worst(slots: HalfHour[]): HalfHour | undefined {
  let found: HalfHour | undefined;
  for (const slot of slots) if (slot.mean_s !== null && slot.mean_s > (found?.mean_s ?? -1)) found = slot;
  return found;
}
