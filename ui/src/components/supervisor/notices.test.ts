import { describe, expect, test } from "vitest";
import type { NoticeKind } from "$lib/gen/NoticeKind";
import type { WatchNotice } from "$lib/gen/WatchNotice";
import { crossed, due, mark } from "./notices";

const start = Date.parse("2026-11-23T08:00:00.000+07:00");
const at = (minutes: number) => new Date(start + minutes * 60_000).toISOString();
const notice = (visit_id: string, kind: NoticeKind, since: number, after: number): WatchNotice => ({
  kind,
  from: at(since + after),
  since: at(since),
  visit_id,
  ticket: visit_id,
});
const person = (id: string, since: number): WatchNotice[] => [
  notice(id, "wait_near", since, 10),
  notice(id, "wait_over", since, 15),
  notice(id, "wait_far", since, 30),
];
const tickets = (notices: WatchNotice[]) => notices.map((each) => each.ticket);

describe("notices as time runs", () => {
  const all = [...person("A", 0), ...person("B", 10), ...person("C", 16), notice("D", "held", 20, 0)];

  test("each person stands once, in the worst band reached by then", () => {
    const early = due(all, start + 12 * 60_000);
    expect(tickets(early.near)).toEqual(["A"]);
    expect(early.over).toEqual([]);
    expect(early.others).toEqual([]);
    const late = due(all, start + 30 * 60_000);
    expect(tickets(late.far)).toEqual(["A"]);
    expect(tickets(late.over)).toEqual(["B"]);
    expect(tickets(late.near)).toEqual(["C"]);
    expect(tickets(late.others)).toEqual(["D"]);
  });

  test("many who wait far too long are named by five and counted", () => {
    const many = Array.from({ length: 8 }, (_, i) => person(`A-${i}`, i)).flat();
    const now = due(many, start + 60 * 60_000);
    expect(tickets(now.far)).toEqual(["A-0", "A-1", "A-2", "A-3", "A-4"]);
    expect(now.farMore).toBe(3);
  });

  test("passing into a band is told once, by the branch's own mark", () => {
    const minute = (n: number) => start + n * 60_000;
    expect(tickets(crossed(all, minute(14), minute(15)))).toEqual(["A"]);
    expect(crossed(all, minute(15), minute(16))).toEqual([]);
    expect(crossed(all, minute(9), minute(11))).toEqual([]);
    expect(mark(notice("A", "wait_far", 3, 25))).toBe(25);
  });
});
