import { expect, test } from "vitest";
import {
  actKeys,
  filterOf,
  narrowings,
  nextStep,
  questionOf,
  rivals,
  standing,
  statuses,
  unnarrowed,
} from "./cases";
import { caseWays } from "./gen/caseWays";

test.each([
  ["2026-11-23", "2026-11-23"],
  ["2026-11-29", "2026-11-23"],
  ["2026-11-30", "2026-11-30"],
  ["2027-01-01", "2026-12-28"],
])("the week of %s began on %s", (day, monday) => {
  expect(filterOf("week", day)).toEqual({ from: monday });
});

test("each narrowing is a question of its own", () => {
  const asked = narrowings.map(({ id }) => JSON.stringify(filterOf(id, "2026-11-25")));
  expect(new Set(asked).size).toBe(narrowings.length);
});

test.each([
  ["received", null, "acc"],
  ["received", "2026-11-25T17:00:00+07:00", "near"],
  ["received", "2026-11-26T17:00:00+07:00", "acc"],
  ["received", "2026-11-25T08:00:00+07:00", "over"],
  ["processing", "2026-11-25T08:00:00+07:00", "over"],
  ["supplement_requested", null, "near"],
  ["done", "2026-11-20T08:00:00+07:00", "ok"],
  ["refused", "2026-11-20T08:00:00+07:00", ""],
  ["returned", "2026-11-20T08:00:00+07:00", "ok"],
] as const)("a case %s, due %s, is shown as %s", (status, due_at, tone) => {
  expect(standing({ status, due_at }, Date.parse("2026-11-25T09:00:00+07:00")).tone).toBe(tone);
});

test("acts that one status knows have keys of their own", () => {
  for (const [status, acts] of caseWays) {
    expect(new Set(acts.map((act) => actKeys[act])).size, status).toBe(acts.length);
    // Whatever can go on goes on by one of them.
    const next = nextStep[status];
    expect(acts.length > 0, status).toBe(next !== undefined);
    if (next) expect(acts).toContain(next);
  }
});

test("what is chosen beside a chip narrows it further", () => {
  const finer = { ...unnarrowed, from: "2026-11-01", online: true };
  expect(questionOf("overdue", finer, "2026-11-25")).toEqual({
    overdue: true,
    from: "2026-11-01",
    online: true,
  });
  expect(questionOf("all", unnarrowed, "2026-11-25")).toEqual({});
  expect(new Set(statuses).size).toBe(8);
});

test("chips that say a status or a day are told from the others", () => {
  const which = (what: "status" | "day") => narrowings.map(({ id }) => id).filter((id) => rivals(id, what));
  expect(which("status")).toEqual(["supplement", "done", "returned"]);
  expect(which("day")).toEqual(["today", "week"]);
});
