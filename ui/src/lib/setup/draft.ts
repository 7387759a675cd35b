//! The branch document while somebody changes it: rows that keep their identity, and what adding,
//! moving and removing one means for the rest. Whether it may be so is decided by Rust at saving.
import type { Branch } from "$lib/gen/Branch";
import type { Counter } from "$lib/gen/Counter";
import type { IssuingHours } from "$lib/gen/IssuingHours";
import type { Officer } from "$lib/gen/Officer";
import type { Service } from "$lib/gen/Service";
import type { Target } from "$lib/gen/Target";
import type { Week } from "$lib/gen/Week";
import { fold, read } from "$lib/text";

/** One entry of a list. `fresh` ones are not in the document yet, so what names them may change. */
export interface Row<T> {
  key: number;
  fresh: boolean;
  value: T;
}
export interface Draft extends Omit<Branch, "services" | "counters" | "officers" | "targets"> {
  services: Row<Service>[];
  counters: Row<Counter>[];
  officers: Row<Officer>[];
  targets: Row<Target>[];
}
export type List = "services" | "counters" | "officers" | "targets";

let keys = 0;
function row<T>(value: T, fresh: boolean): Row<T> {
  return { key: ++keys, fresh, value };
}

/** `base` says what is in the document already; the branch itself unless said. */
export function draftOf(branch: Branch, base: Branch = branch): Draft {
  const copy = structuredClone(branch);
  const old = {
    services: new Set(base.services.map((each) => each.code)),
    counters: new Set(base.counters.map((each) => each.number)),
    officers: new Set(base.officers.map((each) => each.id)),
  };
  // No account is one with nothing in it: then there are fields to fill in.
  copy.office.account ??= { bank: "", bin: "", number: "", holder: "" };
  return {
    ...copy,
    services: copy.services.map((each) => row(each, !old.services.has(each.code))),
    counters: copy.counters.map((each) => row(each, !old.counters.has(each.number))),
    officers: copy.officers.map((each) => row(each, !old.officers.has(each.id))),
    targets: copy.targets.map((each) => row(each, false)),
  };
}

/** The document as it is sent: text composed, nothing typed as nothing, times and letters as they
    are written, and a name for whatever has none yet. */
export function branchOf(draft: Draft): Branch {
  const copy = structuredClone(draft);
  const { account } = copy.office;
  if (account && Object.values(account).every((text) => read(text) === "")) delete copy.office.account;
  for (const { fresh, value } of copy.services) {
    const others = copy.services.map((each) => each.value.code);
    if (fresh && read(value.code) === "" && read(value.name) !== "")
      renameCode(copy, value, codeFrom(value.name, others));
    value.prefix = value.prefix.toUpperCase();
    if (value.roll) value.roll.series = value.roll.series.toUpperCase();
    written(value.hours);
  }
  for (const { fresh, value } of copy.officers) {
    const others = copy.officers.map((each) => each.value.id);
    if (fresh && read(value.id) === "" && read(value.name) !== "") value.id = idFrom(value.name, others);
  }
  written(copy.hours);
  return composed({
    ...copy,
    services: copy.services.map((each) => each.value),
    counters: copy.counters.map((each) => each.value),
    officers: copy.officers.map((each) => each.value),
    targets: copy.targets.map((each) => each.value),
  });
}

function written(hours: IssuingHours | null | undefined): void {
  for (const span of hours?.week ? weekdays.flatMap((day) => hours.week?.[day] ?? []) : []) {
    span.from = timeFrom(span.from) ?? span.from;
    span.to = timeFrom(span.to) ?? span.to;
  }
}

function composed<T>(value: T): T {
  if (typeof value === "string") return read(value) as T;
  if (Array.isArray(value)) return value.map(composed) as T;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, each]) => each !== undefined && each !== null);
    return Object.fromEntries(entries.map(([key, each]) => [key, composed(each)])) as T;
  }
  return value;
}

/** `Đất đai, xây dựng` → `dat-dai-xay-dung`; not one that is taken. */
export function codeFrom(name: string, taken: string[]): string {
  const words = fold(name).match(/[a-z0-9]+/g) ?? [];
  return untaken(words.slice(0, 4).join("-") || "viec", taken);
}

/** `Nguyễn Thị Hà` → `ha`; not one that is taken. */
export function idFrom(name: string, taken: string[]): string {
  const words = fold(name).match(/[a-z0-9]+/g) ?? [];
  return untaken(words[words.length - 1] ?? "can-bo", taken);
}

function untaken(wanted: string, taken: string[]): string {
  if (!taken.includes(wanted)) return wanted;
  let n = 2;
  while (taken.includes(`${wanted}${n}`)) n += 1;
  return `${wanted}${n}`;
}

/** The first letter that no service and no roll has. */
export function freePrefix(services: Service[]): string {
  const taken = new Set(services.flatMap((each) => [each.prefix, each.roll?.series]));
  for (let i = 0; i < 26; i++) {
    const letter = String.fromCharCode(65 + i);
    if (!taken.has(letter)) return letter;
  }
  return "";
}

export function addService(draft: Draft): void {
  const services = draft.services.map((each) => each.value);
  draft.services.push(
    row(
      {
        code: "",
        prefix: freePrefix(services),
        name: "",
        hint: "",
        kind: "submit",
        minutes: 10,
      },
      true,
    ),
  );
}

export function addCounter(draft: Draft, name: (number: number) => string): void {
  const number = Math.max(0, ...draft.counters.map((each) => each.value.number)) + 1;
  draft.counters.push(row({ number, name: name(number), services: [] }, true));
}

export function addOfficer(draft: Draft): void {
  draft.officers.push(row({ id: "", name: "", roles: ["officer"] }, true));
}

export function addTarget(draft: Draft, year: number): void {
  draft.targets.push(row({ minutes: 15, from_year: year, source: "" }, true));
}

/** Takes one away; a service also from the counters that served it. */
export function remove(draft: Draft, list: List, at: number): void {
  if (list === "services") {
    const code = draft.services[at]?.value.code;
    for (const { value } of draft.counters) {
      value.services = value.services.filter((each) => each !== code);
    }
  }
  draft[list].splice(at, 1);
}

/** Moves one up or down; answers where it is now. */
export function move(draft: Draft, list: List, at: number, step: 1 | -1): number {
  const rows: unknown[] = draft[list];
  const to = at + step;
  if (to < 0 || to >= rows.length) return at;
  rows.splice(to, 0, ...rows.splice(at, 1));
  return to;
}

/** Ticks or unticks a service of a counter. All ticked, or none left, is “everything”: an empty list. */
export function toggleService(draft: Draft, counter: Counter, code: string): void {
  const all = draft.services.map((each) => each.value.code);
  const now = counter.services.length === 0 ? all : counter.services;
  const next = now.includes(code)
    ? now.filter((each) => each !== code)
    : all.filter((each) => each === code || now.includes(each));
  counter.services = next.length === all.length ? [] : next;
}

/** A new code of a fresh service, also where counters name it. */
export function renameCode(draft: Draft, service: Service, code: string): void {
  for (const { value } of draft.counters) {
    value.services = value.services.map((each) => (each === service.code ? code : each));
  }
  service.code = code;
}

// ---- opening hours ----

export const weekdays = [
  "monday",
  "tuesday",
  "wednesday",
  "thursday",
  "friday",
  "saturday",
  "sunday",
] as const satisfies (keyof Week)[];

/** Whose hours hold: nobody's own (`outer`), the office's, or these. */
export type HoursMode = "outer" | "office" | "own";

export function hoursMode(hours: IssuingHours | null | undefined): HoursMode {
  if (!hours) return "outer";
  return hours.week ? "own" : "office";
}

/** A week to begin with. */
export function usualWeek(): Week {
  const day = () => [
    { from: "07:30", to: "11:30" },
    { from: "13:30", to: "17:00" },
  ];
  return {
    monday: day(),
    tuesday: day(),
    wednesday: day(),
    thursday: day(),
    friday: day(),
    saturday: [],
    sunday: [],
  };
}

/** The same minutes before closing, under other hours. */
export function withMode(hours: IssuingHours | null | undefined, mode: HoursMode): IssuingHours | undefined {
  const last_number_before = hours?.last_number_before ?? 0;
  if (mode === "outer") return undefined;
  if (mode === "office") return { last_number_before };
  return { week: hours?.week ?? usualWeek(), last_number_before };
}

/** One more span of a day: after the last, or the usual morning. */
export function addSpan(week: Week, day: keyof Week): void {
  const last = week[day].at(-1);
  const from = last ? shifted(last.to, 30) : "07:30";
  week[day].push({ from, to: last ? shifted(from, 120) : "11:30" });
}

function shifted(time: string, minutes: number): string {
  const [hour = 0, minute = 0] = time.split(":").map(Number);
  const sum = Math.min(hour * 60 + minute + minutes, 23 * 60 + 59);
  if (Number.isNaN(sum)) return "";
  return `${String(Math.floor(sum / 60)).padStart(2, "0")}:${String(sum % 60).padStart(2, "0")}`;
}

/** Monday's spans for the other working days. */
export function copyMonday(week: Week): void {
  for (const day of ["tuesday", "wednesday", "thursday", "friday"] as const) {
    week[day] = week.monday.map((span) => ({ ...span }));
  }
}

// ---- what is typed ----

/** `7h30`, `730`, `7:30`, `7` → `07:30`; nothing when it is no time of day. */
export function timeFrom(text: string): string | undefined {
  const typed = read(text).toLowerCase();
  const parts = /^(\d{1,2})\s*(?:[:h.]\s*(\d{1,2})?)?$/.exec(typed) ?? /^(\d{1,2})(\d{2})$/.exec(typed);
  if (!parts) return undefined;
  const [hour, minute] = [Number(parts[1]), Number(parts[2] ?? 0)];
  if (hour > 23 || minute > 59) return undefined;
  return `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;
}

/** A number as shown, in units of `scale`: 90 seconds in minutes is `1,5`. */
export function shown(value: number | null | undefined, scale: number): string {
  if (value === undefined || value === null || Number.isNaN(value)) return "";
  return String(Math.round((value / scale) * 100) / 100).replace(".", ",");
}

/** What was typed, in the unit of the document; `NaN` when it is no number. */
export function numberFrom(text: string, scale: number): number {
  const typed = read(text).replace(",", ".");
  return /^\d+(\.\d+)?$/.test(typed) ? Math.round(Number(typed) * scale) : NaN;
}
