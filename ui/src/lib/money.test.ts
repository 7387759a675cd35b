import { expect, test } from "vitest";
import { dong } from "./money";

test.each([
  ["8000", 8000],
  ["8.000", 8000],
  [" 1.250.000 ", 1250000],
  ["1 250 000", 1250000],
  ["8.000 đ", 8000],
  ["0", 0],
])("%s is clear", (typed, sum) => {
  expect(dong(typed)).toBe(sum);
});

test.each([
  "",
  "-8000",
  "- 8.000",
  "−8000",
  "8k",
  "8.000,50",
  "8,5",
  "8.5",
  "80.00",
  "8000đ/trang",
  "1e4",
  "tám nghìn",
])("%s is not guessed at", (typed) => {
  expect(dong(typed)).toBeUndefined();
});
