import { render, screen } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";
import type { HalfHour } from "$lib/gen/HalfHour";
import WaitChart from "./WaitChart.svelte";
import { type Frame, course, worst } from "./course";

const slot = (
  from: string,
  mean: number | null,
  max: number | null,
  now: number | null = null,
): HalfHour => ({
  from: `2026-11-23T${from}:00.000+07:00`,
  served: mean === null ? 0 : 3,
  mean_s: mean,
  max_s: max,
  waiting: now === null ? 0 : 2,
  longest_now_s: now,
});
const frame: Frame = { width: 500, height: 240, left: 50, right: 50, top: 20, bottom: 20 };

describe("the scales of the chart", () => {
  test("stand on the ground at nothing and always have room above 30 minutes", () => {
    const c = course([slot("08:00", 60, 120)], frame);
    expect(c.most).toBe(40);
    expect(c.y(0)).toBe(220);
    expect(c.y(40 * 60)).toBe(20);
    expect(c.y(30 * 60)).toBeGreaterThan(20);
  });

  test("grow with the longest wait, also of those who still wait", () => {
    expect(course([slot("08:00", 60, 61 * 60)], frame).most).toBe(70);
    expect(course([slot("08:00", null, null, 95 * 60)], frame).most).toBe(100);
  });

  test("go on in half hours, and do not stretch a morning just begun", () => {
    const one = course([slot("08:00", 60, 60)], frame);
    expect(one.step).toBe(50);
    const day = course(
      Array.from({ length: 16 }, (_, i) =>
        slot(`${8 + Math.floor(i / 2)}`.padStart(2, "0") + (i % 2 ? ":30" : ":00"), 1, 1),
      ),
      frame,
    );
    expect(day.x(1) - day.x(0)).toBe(25);
    expect(day.x(15) + day.step / 2).toBe(450);
  });

  test("find the worst half hour only among those with a mean", () => {
    expect(worst([slot("08:00", null, null, 900)])).toBeUndefined();
    expect(worst([slot("08:00", 60, 60), slot("08:30", 600, 900), slot("09:00", 300, 2000)])?.mean_s).toBe(
      600,
    );
  });
});

describe("the chart", () => {
  const slots = [slot("08:00", 300, 540), slot("08:30", 1020, 1985), slot("09:00", null, null, 1200)];

  test("draws what it says, by shape, and says it in words and in a table", () => {
    const { container } = render(WaitChart, { slots, targets: [30, 15] });
    expect(container.querySelectorAll(".bar")).toHaveLength(2);
    expect([...container.querySelectorAll("g .mark use")].map((use) => use.getAttribute("href"))).toEqual([
      "#w-ok",
      "#w-over30",
    ]);
    expect(container.querySelectorAll(".nowdot")).toHaveLength(1);
    expect(container.querySelectorAll(".target")).toHaveLength(2);
    const words = screen.getByRole("img").getAttribute("aria-label");
    expect(words).toContain("từ 08:00 đến 09:30");
    expect(words).toContain("08:30–09:00, 17:00");
    const cells = [...container.querySelectorAll(".vh tbody tr")].map((row) =>
      [...row.querySelectorAll("td")].map((cell) => cell.textContent),
    );
    expect(cells).toEqual([
      ["3", "05:00", "09:00", "0", "–"],
      ["3", "17:00", "33:05", "0", "–"],
      ["0", "–", "–", "2", "20:00"],
    ]);
  });

  test("with nobody yet says so, and draws nothing", () => {
    const { container } = render(WaitChart, { slots: [], targets: [30, 15] });
    expect(container.querySelector("svg[role=img]")).toBeNull();
    expect(container.textContent).toContain("Chưa có lượt nào trong ngày");
  });
});
