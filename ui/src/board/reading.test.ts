import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { allClips, callClips, spoken, ticketClips } from "./reading";

describe("a ticket is spelt sign by sign", () => {
  test.each([
    ["A-015", "a không một năm"],
    ["A-032", "a không ba hai"],
    ["B-100", "bê một không không"],
    ["3B-007", "ba bê không không bảy"],
    ["12HT-999", "một hai hát tê chín chín chín"],
    ["D-1004", "dê một không không bốn"],
    ["AQ-021", "a quy không hai một"],
  ])("%s: %s", (ticket, words) => expect(spoken(ticketClips(ticket))).toBe(words));
});

describe("a counter is read as a number", () => {
  test.each([
    [1, "một"],
    [2, "hai"],
    [4, "bốn"],
    [5, "năm"],
    [10, "mười"],
    [11, "mười một"],
    [12, "mười hai"],
    [14, "mười bốn"],
    [15, "mười lăm"],
    [20, "hai mươi"],
    [21, "hai mươi mốt"],
    [24, "hai mươi tư"],
    [25, "hai mươi lăm"],
    [31, "ba mươi mốt"],
    [99, "chín mươi chín"],
    [100, "một trăm"],
    [101, "một trăm linh một"],
    [105, "một trăm linh năm"],
    [110, "một trăm mười"],
    [115, "một trăm mười lăm"],
    [221, "hai trăm hai mươi mốt"],
    [1204, "một hai không bốn"],
  ])("%i: %s", (counter, words) =>
    expect(spoken(callClips("A-001", counter))).toBe(`mời số a không không một đến quầy số ${words}`),
  );
});

test("every clip that may be asked for is shipped", () => {
  const shipped = readdirSync("../assets/sounds").filter((name) => name.endsWith(".wav"));
  expect(shipped.map((name) => name.slice(0, -4)).sort()).toEqual([...allClips].sort());
});
