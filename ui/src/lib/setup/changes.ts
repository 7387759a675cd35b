//! What a draft changes, in a few lines, and how two people's changes come together.
import type { Branch } from "$lib/gen/Branch";
import type { MessageKey, Params } from "$lib/i18n.svelte";

export const sections = ["office", "services", "counters", "officers", "hours", "queue", "watch"] as const;
export type Section = (typeof sections)[number];

export interface Line {
  section: Section;
  text: MessageKey;
  params: Params;
  /** Fields that changed, to be named after the sentence. */
  fields: MessageKey[];
  /** What was taken away, by its code, number or id. */
  gone?: string | number;
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** The same content; what is absent and what is null are the same. */
export function same(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, each]) => each !== undefined && each !== null);
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, each]) => `${key}:${canonical(each)}`).join()}}`;
  }
  return Number.isNaN(value) ? "NaN" : (JSON.stringify(value) ?? "null");
}

type Fields<T> = { [K in keyof Required<T>]: MessageKey };

function changed<T extends object>(before: T, after: T, names: Fields<T>): MessageKey[] {
  const keys = Object.keys(names) as (keyof T & string)[];
  return [...new Set(keys.filter((key) => !same(before[key], after[key])).map((key) => names[key]))];
}

const office: Fields<Branch["office"]> = {
  code: "setup.office.code",
  parent: "setup.office.parent",
  unit: "setup.office.unit",
  name: "setup.office.name",
  place: "setup.office.place",
  address: "setup.office.address",
  phone: "setup.office.phone",
  website: "setup.office.website",
  number_suffix: "setup.office.suffix",
  account: "setup.office.account",
};
const service: Fields<Branch["services"][number]> = {
  code: "setup.service.code",
  prefix: "setup.service.prefix",
  name: "setup.service.name",
  hint: "setup.service.hint",
  kind: "setup.service.kind",
  minutes: "setup.service.minutes",
  contingent: "setup.service.contingent",
  hours: "setup.hours",
  roll: "setup.service.roll",
  slots: "setup.service.slots",
};
const counter: Fields<Branch["counters"][number]> = {
  number: "setup.counter.number",
  name: "setup.counter.name",
  services: "setup.counter.services",
};
const officer: Fields<Branch["officers"][number]> = {
  id: "setup.officer.id",
  name: "setup.officer.name",
  roles: "setup.officer.roles",
};
const queue: Fields<Branch["queue"]> = {
  priority_boost_s: "setup.queue.priority_boost_s",
  class_boost_s: "setup.queue.byClass",
  appointment_boost_s: "setup.queue.appointment_boost_s",
  appointment_grace_s: "setup.queue.appointment_grace_s",
  return_credit_s: "setup.queue.return_credit_s",
  recall_gap_s: "setup.queue.recall_gap_s",
  recall_max: "setup.queue.recall_max",
  undo_call_s: "setup.queue.undo_call_s",
  missed_cooldown_s: "setup.queue.missed_cooldown_s",
  missed_max: "setup.queue.missed_max",
  missed_wait_s: "setup.queue.missed_wait_s",
  void_s: "setup.queue.void_s",
  reopen_s: "setup.queue.reopen_s",
};
const watch: Fields<Branch["watch"]> = {
  wait_s: "setup.watch.wait_s",
  idle_s: "setup.watch.idle_s",
  called_s: "setup.watch.called_s",
  held_s: "setup.watch.held_s",
  service_times: "setup.watch.service_times",
  service_s: "setup.watch.service_s",
  promise_percent: "setup.watch.promise_percent",
};

interface Kind<T> {
  section: Section;
  one: "service" | "counter" | "officer";
  id: (each: T) => string | number;
  name: (each: T) => string;
  names: Fields<T>;
}

function ofList<T extends object>(before: T[], after: T[], kind: Kind<T>): Line[] {
  const { section, one, id, name, names } = kind;
  const lines: Line[] = [];
  const line = (how: "added" | "removed" | "changed", each: T, rest: Partial<Line> = {}) =>
    lines.push({
      section,
      text: `setup.change.${one}.${how}`,
      params: { name: name(each) },
      fields: [],
      ...rest,
    });
  for (const each of before) {
    if (!after.some((other) => id(other) === id(each))) line("removed", each, { gone: id(each) });
  }
  for (const each of after) {
    const was = before.find((other) => id(other) === id(each));
    if (!was) line("added", each);
    else {
      const fields = changed(was, each, names);
      if (fields.length > 0) line("changed", was, { fields });
    }
  }
  const order = (list: T[], other: T[]) =>
    list.map(id).filter((each) => other.some((one) => id(one) === each));
  if (!same(order(before, after), order(after, before))) {
    lines.push({ section, text: `setup.change.${one}.order`, params: {}, fields: [] });
  }
  return lines;
}

/** One line for each thing that saving would change. */
export function changes(before: Branch, after: Branch): Line[] {
  const lines: Line[] = [];
  const whole = (section: Section, text: MessageKey, fields: MessageKey[]) => {
    if (fields.length > 0) lines.push({ section, text, params: {}, fields });
  };
  whole("office", "setup.change.office", [
    ...changed(before.office, after.office, office),
    ...(before.case_pattern === after.case_pattern ? [] : (["setup.office.pattern"] as const)),
  ]);
  lines.push(
    ...ofList(before.services, after.services, {
      section: "services",
      one: "service",
      id: (each) => each.code,
      name: (each) => each.name || each.code,
      names: service,
    }),
    ...ofList(before.counters, after.counters, {
      section: "counters",
      one: "counter",
      id: (each) => each.number,
      name: (each) => each.name || String(each.number),
      names: counter,
    }),
    ...ofList(before.officers, after.officers, {
      section: "officers",
      one: "officer",
      id: (each) => each.id,
      name: (each) => each.name || each.id,
      names: officer,
    }),
  );
  if (!same(before.hours, after.hours))
    lines.push({ section: "hours", text: "setup.change.hours", params: {}, fields: [] });
  whole("queue", "setup.change.queue", changed(before.queue, after.queue, queue));
  if (!same(before.targets, after.targets))
    lines.push({ section: "watch", text: "setup.change.targets", params: {}, fields: [] });
  whole("watch", "setup.change.watch", changed(before.watch, after.watch, watch));
  return lines;
}

// ---- the field that a refusal names ----

export interface Place {
  section: Section;
  /** Which entry of the section's list. */
  index?: number;
  /** The path within the document, without `branch.`. */
  path: string;
}

/** `branch.services[2].prefix` → the section and the entry to show. */
export function placeOf(field: string | undefined): Place | undefined {
  const path = (field ?? "").replace(/^branch\.?/, "");
  const found = /^([a-z_]+)(?:\[(\d+)\])?/.exec(path);
  if (!found) return undefined;
  const head = found[1] ?? "";
  const section = { case_pattern: "office", form_set: "office", targets: "watch" }[head] ?? head;
  if (!sections.includes(section as Section)) return undefined;
  const index = found[2] === undefined ? {} : { index: Number(found[2]) };
  return { section: section as Section, ...index, path };
}

/** The path, then what it lies in, and so on: the nearest that a screen shows is the place. */
export function outwards(path: string): string[] {
  const paths = [path];
  let rest = path;
  while (/[.[]/.test(rest)) {
    rest = rest.replace(/(\.[^.[]+|\[\d+\])$/, "");
    if (rest === paths[paths.length - 1]) break;
    paths.push(rest);
  }
  return paths;
}

// ---- two people at once ----

/** What tells entries of a list apart. */
const identities: Record<string, string> = { services: "code", counters: "number", officers: "id" };

/** My changes upon theirs. Where both changed the same, mine stays and `clashes` names it. */
export function merge(base: Branch, mine: Branch, theirs: Branch): { branch: Branch; clashes: string[] } {
  const clashes: string[] = [];
  const merged = join(json(base), json(mine), json(theirs), "", clashes);
  return { branch: merged as unknown as Branch, clashes };
}

function json(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

function join(base: Json, mine: Json, theirs: Json, path: string, clashes: string[]): Json {
  if (same(mine, base)) return theirs;
  if (same(theirs, base) || same(mine, theirs)) return mine;
  const identity = identities[path];
  if (identity && isList(base) && isList(mine) && isList(theirs)) {
    return joinLists(base, mine, theirs, identity, path, clashes);
  }
  if (isObject(base) && isObject(mine) && isObject(theirs)) {
    const keys = new Set([...Object.keys(theirs), ...Object.keys(mine)]);
    const out: { [key: string]: Json } = {};
    for (const key of keys) {
      const within = path === "" ? key : `${path}.${key}`;
      const value = join(base[key] ?? null, mine[key] ?? null, theirs[key] ?? null, within, clashes);
      if (value !== null) out[key] = value;
    }
    return out;
  }
  clashes.push(path);
  return mine;
}

function joinLists(
  base: Json[],
  mine: Json[],
  theirs: Json[],
  identity: string,
  path: string,
  clashes: string[],
): Json[] {
  const id = (each: Json) => (isObject(each) ? each[identity] : each);
  const find = (list: Json[], wanted: Json) => list.find((each) => id(each) === id(wanted));
  const moved = !same(
    base.map(id).filter((each) => mine.some((one) => id(one) === each)),
    mine.map(id).filter((each) => base.some((one) => id(one) === each)),
  );
  const [first, second] = moved ? [mine, theirs] : [theirs, mine];
  const order = [...first, ...second.filter((each) => !find(first, each))];
  const out: Json[] = [];
  for (const each of order) {
    const [was, my, their] = [find(base, each), find(mine, each), find(theirs, each)];
    const name = `${path}.${String(id(each))}`;
    if (my !== undefined && their !== undefined) out.push(join(was ?? null, my, their, name, clashes));
    else if (my !== undefined) {
      // They took it away: it stays where I added or changed it.
      if (was === undefined) out.push(my);
      else if (!same(my, was)) {
        clashes.push(name);
        out.push(my);
      }
    } else if (their !== undefined) {
      // I took it away: it comes back only where they have changed it.
      if (was === undefined) out.push(their);
      else if (!same(their, was)) {
        clashes.push(name);
        out.push(their);
      }
    }
  }
  return out;
}

function isObject(value: Json): value is { [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
function isList(value: Json): value is Json[] {
  return Array.isArray(value);
}
