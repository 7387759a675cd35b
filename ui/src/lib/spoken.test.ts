import { afterEach, expect, test } from "vitest";
import { setLocale } from "./i18n.svelte";
import { spokenDay, spokenHour } from "./spoken";

afterEach(() => setLocale("vi"));

test.each([
  ["2026-11-25T02:30:00Z", "9 giờ 30", "thứ Tư ngày 25/11/2026"],
  ["2026-11-28T17:00:00Z", "0 giờ", "chủ nhật ngày 29/11/2026"],
])("%s is said as it is said to a citizen", (when, hour, day) => {
  expect([spokenHour(when), spokenDay(when)]).toEqual([hour, day]);
});

test("English days keep their capital", () => {
  setLocale("en");
  expect(spokenDay("2026-11-25T02:30:00Z")).toBe("Wednesday 25/11/2026");
});
