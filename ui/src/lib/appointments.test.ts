import { describe, expect, test } from "vitest";
import type { QueueRow } from "$lib/gen/QueueRow";
import { codeFromTyped, dayFromTyped, hourFromTyped, matches, minutesLate, slotAt } from "./appointments";

const row = {
  name: "Nguyễn Đình Tuấn",
  service_name: "Hộ tịch, chứng thực",
  slot_at: "2026-11-25T09:30:00+07:00",
} as QueueRow;

describe("a booking", () => {
  test.each([
    ["", true],
    ["dinh tuan", true],
    ["tuấn nguy", true],
    ["09:30", true],
    ["ho tich tuan", true],
    ["tuan anh", false],
    ["inh", false],
    ["10:", false],
  ])("typed as “%s” is found: %s", (typed, found) => {
    expect(matches(row, typed)).toBe(found);
  });

  test("without a name is found by its time", () => {
    expect(matches({ ...row, name: undefined } as unknown as QueueRow, "9")).toBe(false);
    expect(matches({ ...row, name: undefined } as unknown as QueueRow, "09")).toBe(true);
  });

  test("knows how late it is", () => {
    const slot = Date.parse("2026-11-25T09:30:00+07:00");
    expect([minutesLate(row, slot + 20 * 60_000), minutesLate(row, slot - 5 * 60_000)]).toEqual([20, -5]);
  });
});

test.each([
  ["25/11", "2026-11-25"],
  ["23/11", "2026-11-23"],
  ["22/11", "2027-11-22"],
  ["5.1", "2027-01-05"],
  ["25-11-2026", "2026-11-25"],
  ["22/11/2026", "2026-11-22"],
  ["30", "2026-11-30"],
  ["2", "2026-12-02"],
  ["29/2", undefined],
  ["31/11", undefined],
  ["32", undefined],
  ["mai", undefined],
  ["", undefined],
])("the day “%s” typed on 23/11/2026 is %s", (typed, day) => {
  expect(dayFromTyped(typed, "2026-11-23")).toBe(day);
});

test.each([
  ["22/11", "2026-11-22"],
  ["23", "2026-11-23"],
  ["24", "2026-10-24"],
  ["24/11", "2025-11-24"],
  ["1/2/2026", "2026-02-01"],
])("a day gone by, typed as %s", (typed, day) => {
  expect(dayFromTyped(typed, "2026-11-23", "last")).toBe(day);
});

test("in January the month before is last year's", () => {
  expect(dayFromTyped("31", "2027-01-15", "last")).toBe("2026-12-31");
  expect(dayFromTyped("2", "2026-12-15")).toBe("2027-01-02");
});

test.each([
  ["9", "09:00"],
  ["9h", "09:00"],
  ["9h30", "09:30"],
  ["9 giờ 30", "09:30"],
  ["9.05", "09:05"],
  ["13:45", "13:45"],
  ["0930", "09:30"],
  ["930", "09:30"],
  ["24", undefined],
  ["9:60", undefined],
  ["9:5", undefined],
  ["", undefined],
])("the hour “%s” is %s", (typed, hour) => {
  expect(hourFromTyped(typed)).toBe(hour);
});

test("a slot is a moment of Vietnam", () => {
  expect(new Date(slotAt("2026-11-25", "07:30")).toISOString()).toBe("2026-11-25T00:30:00.000Z");
});

test.each([
  ["HEN-7K2-M9Q", "HEN-7K2-M9Q"],
  ["hen7k2m9q", "HEN-7K2-M9Q"],
  ["A-001 2026-11-23", undefined],
  ["HEN-7K2", undefined],
])("the code typed as “%s” is %s", (typed, code) => {
  expect(codeFromTyped(typed)).toBe(code);
});
