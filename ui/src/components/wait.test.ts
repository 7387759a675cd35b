import { render } from "@testing-library/svelte";
import { describe, expect, test } from "vitest";
import WaitReadout from "./WaitReadout.svelte";
import WaitRuler from "./WaitRuler.svelte";

const minute = 60_000;

describe("a wait", () => {
  test.each([
    [0, "ok", "Trong hạn", "0.0%"],
    [10 * minute - 1, "ok", "Trong hạn", "33.3%"],
    [10 * minute, "near", "Sắp quá 15 phút", "33.3%"],
    [15 * minute - 1, "near", "Sắp quá 15 phút", "50.0%"],
    [15 * minute, "over", "Quá 15 phút", "50.0%"],
    [30 * minute - 1, "over", "Quá 15 phút", "100.0%"],
    [30 * minute, "over30", "Quá 30 phút", "100.0%"],
    [95 * minute, "over30", "Quá 30 phút", "100.0%"],
  ])("of %i ms is %s: a shape, a word and a length", (ms, state, word, width) => {
    const readout = render(WaitReadout, { ms }).container;
    expect(readout.querySelector(".w")?.classList.contains(state)).toBe(true);
    expect(readout.querySelector("use")?.getAttribute("href")).toBe(`#w-${state}`);
    expect(readout.textContent).toContain(word);
    const ruler = render(WaitRuler, { ms }).container;
    expect(ruler.querySelector<HTMLElement>(".ruler i")?.style.width).toBe(width);
  });

  test("says when its clock stands and when its time is not certain", () => {
    const { container } = render(WaitReadout, { ms: 5000, paused: true, uncertain: true });
    expect(container.textContent).toContain("đồng hồ tạm dừng");
    expect(container.textContent).toContain("giờ chưa chắc");
  });
});
