//! One ticker for every clock on screen, and the reading of wire times. The server's `now` is
//! the only truth about the time; between two answers the monotonic clock of the page runs on.

const VIETNAM_MS = 7 * 3600_000;

const tick = $state({ mono: performance.now() });
let users = 0;
let timer: ReturnType<typeof setInterval> | undefined;

/** Keeps the shared one-second ticker running while the caller lives; answers the stop. */
export function runTicker(): () => void {
  users += 1;
  timer ??= setInterval(() => (tick.mono = performance.now()), 1000);
  return () => {
    users -= 1;
    if (users === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** Monotonic milliseconds as of the last tick: reading it makes a template follow the ticker. */
export function mono(): number {
  return tick.mono;
}

/** Moves the ticker at once, when fresh figures came in between two ticks. */
export function touch(): void {
  tick.mono = performance.now();
}

/** A moment of the server beside the page's monotonic clock at which it was heard. */
export interface Anchor {
  serverMs: number;
  mono: number;
}

export function anchor(now: string): Anchor {
  return { serverMs: Date.parse(now), mono: performance.now() };
}

/** Server time now. */
export function serverNow(at: Anchor): number {
  return at.serverMs + Math.max(0, mono() - at.mono);
}

/** Milliseconds since the answer that carried `now`. */
export function since(at: Anchor): number {
  return Math.max(0, mono() - at.mono);
}

function local(ms: number): Date {
  return new Date(ms + VIETNAM_MS);
}

const two = (n: number) => String(n).padStart(2, "0");

/** `31:12`, from an hour on `1:02:03`. */
export function clock(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const h = Math.floor(s / 3600);
  const rest = `${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}`;
  return h > 0 ? `${h}:${rest}` : rest;
}

/** `3:20`: for countdowns. */
export function countdown(ms: number): string {
  const s = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(s / 60)}:${two(s % 60)}`;
}

export type When = string | number;
const ms = (when: When) => (typeof when === "number" ? when : Date.parse(when));

/** `09:14` */
export function hourMinute(when: When): string {
  const d = local(ms(when));
  return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`;
}

/** `09:14:32` */
export function hourMinuteSecond(when: When): string {
  return `${hourMinute(when)}:${two(local(ms(when)).getUTCSeconds())}`;
}

/** `26/11/2026`; a wire date has no hour and is read as it stands. */
export function date(when: When): string {
  if (typeof when === "string" && when.length === 10) {
    return `${when.slice(8, 10)}/${when.slice(5, 7)}/${when.slice(0, 4)}`;
  }
  const d = local(ms(when));
  return `${two(d.getUTCDate())}/${two(d.getUTCMonth() + 1)}/${d.getUTCFullYear()}`;
}

/** `26/11` */
export function dayMonth(when: When): string {
  return date(when).slice(0, 5);
}

/** 0 is Sunday. */
export function weekday(when: When): number {
  return typeof when === "string" && when.length === 10
    ? new Date(`${when}T00:00:00Z`).getUTCDay()
    : local(ms(when)).getUTCDay();
}

/** Local ISO date of a moment. */
export function isoDate(when: When): string {
  return local(ms(when)).toISOString().slice(0, 10);
}

/** Whole years between a birth date and a day, both ISO. */
export function age(birth: string, day: string): number {
  const years = Number(day.slice(0, 4)) - Number(birth.slice(0, 4));
  return day.slice(5) < birth.slice(5) ? years - 1 : years;
}
