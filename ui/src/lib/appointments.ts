//! Reading an appointment as an officer types it, telling one in words, and finding one again.
import type { QueueRow } from "$lib/gen/QueueRow";
import { fold, read } from "$lib/text";
import { hourMinute } from "$lib/time.svelte";

const two = (n: number) => String(n).padStart(2, "0");

/** Whether a name, time, service or words of them stand for this booking; marks do not matter. */
export function matches(row: QueueRow, typed: string): boolean {
  const words = fold(typed).split(/\s+/).filter(Boolean);
  const known = fold(
    [row.name, row.slot_at && hourMinute(row.slot_at), row.service_name, row.booking]
      .filter(Boolean)
      .join(" "),
  ).split(/[\s,]+/);
  return words.every((word) => known.some((each) => each.startsWith(word)));
}

/** Minutes after the booked time; negative when early. */
export function minutesLate(row: QueueRow, nowMs: number): number {
  return row.slot_at ? Math.round((nowMs - Date.parse(row.slot_at)) / 60_000) : 0;
}

/** `25/11`, `25/11/2026`, `25.11`, `25`: such a day, ISO; nothing when there is none. Without its
 * year or month the nearest one is meant, from today on or up to today. */
export function dayFromTyped(
  text: string,
  today: string,
  towards: "next" | "last" = "next",
): string | undefined {
  const found = /^(\d{1,2})(?:[/.\- ](\d{1,2})(?:[/.\- ](\d{4}))?)?$/.exec(read(text));
  if (!found?.[1]) return undefined;
  const [year, month] = [Number(today.slice(0, 4)), Number(today.slice(5, 7))];
  const day = Number(found[1]);
  if (found[2] && found[3]) return realDay(Number(found[3]), Number(found[2]), day);
  const step = towards === "next" ? 1 : -1;
  const otherMonth = month + step;
  const tries: [number, number][] = found[2]
    ? [
        [year, Number(found[2])],
        [year + step, Number(found[2])],
      ]
    : [
        [year, month],
        [otherMonth < 1 ? year - 1 : otherMonth > 12 ? year + 1 : year, ((otherMonth + 11) % 12) + 1],
      ];
  const fits = (iso: string) => (towards === "next" ? iso >= today : iso <= today);
  return tries.map(([y, m]) => realDay(y, m, day)).find((iso) => iso !== undefined && fits(iso));
}

function realDay(year: number, month: number, day: number): string | undefined {
  const date = new Date(Date.UTC(year, month - 1, day));
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return `${year}-${two(month)}-${two(day)}`;
}

/** `9`, `9h`, `9h30`, `9:30`, `9 giờ 30`, `0930`: `09:30`. */
export function hourFromTyped(text: string): string | undefined {
  const typed = fold(text).replace(/\s+/g, "");
  const found = /^(\d{1,2})(?:(?:h|gio|[:.])(\d{2})?)?$/.exec(typed) ?? /^(\d{1,2})(\d{2})$/.exec(typed);
  if (!found?.[1]) return undefined;
  const [hour, minute] = [Number(found[1]), Number(found[2] ?? 0)];
  return hour < 24 && minute < 60 ? `${two(hour)}:${two(minute)}` : undefined;
}

/** A moment of Vietnam as it goes over the wire. */
export function slotAt(day: string, hour: string): string {
  return `${day}T${hour}:00+07:00`;
}

/** The code of an appointment, as it stands on its slip; nothing where the text is none. */
export function codeFromTyped(text: string): string | undefined {
  const found = /^HEN[- ]?([0-9A-Z]{3})[- ]?([0-9A-Z]{3})$/.exec(read(text).toUpperCase());
  return found?.[1] && found[2] ? `HEN-${found[1]}-${found[2]}` : undefined;
}
