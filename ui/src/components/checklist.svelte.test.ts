import { render } from "@testing-library/svelte";
import { tick } from "svelte";
import { beforeEach, describe, expect, test } from "vitest";
import type { Paper } from "$lib/gen/Paper";
import { type CaseDraft, emptyCase } from "$lib/state/draft.svelte";
import Checklist from "./Checklist.svelte";

const paper = (name: string, originals: number, copies: number, required = true): Paper => ({
  name,
  originals,
  copies,
  required,
});
const papers = [
  paper("Tờ khai", 1, 0),
  paper("Giấy chứng sinh", 1, 2),
  paper("Văn bản cam đoan", 0, 0),
  paper("Văn bản ủy quyền", 1, 0, false),
];
let draft: CaseDraft;
let grid: HTMLElement;
let asked: number[];
let show: (attempted: boolean) => Promise<void>;

beforeEach(async () => {
  const state = $state({ draft: emptyCase(undefined) });
  draft = state.draft;
  asked = [];
  const props = { papers, draft, attempted: false, onnotapplicable: (index: number) => asked.push(index) };
  const { container, rerender } = render(Checklist, props);
  show = (attempted) => rerender({ ...props, attempted });
  grid = container.querySelector("[role=grid]") as HTMLElement;
  await tick();
});

async function key(name: string): Promise<void> {
  const target = grid.contains(document.activeElement) ? (document.activeElement as Element) : grid;
  target.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));
  await settle();
}
/** A bare key, as the scanner watch gives it out. */
async function bare(name: string): Promise<void> {
  grid.dispatchEvent(new CustomEvent("shortkey", { detail: { key: name }, bubbles: true }));
  await settle();
}
async function settle(): Promise<void> {
  await tick();
  await new Promise((resolve) => requestAnimationFrame(resolve));
}
const rows = () => [...grid.querySelectorAll("tbody tr")];

describe("checklist", () => {
  test("is one tab stop", () => {
    expect(grid.querySelectorAll("[data-cell][tabindex='0']")).toHaveLength(1);
  });

  test("digits count, a second digit soon after belongs to the first, and 99 is the most", async () => {
    await bare("1");
    expect(draft.papers[0]?.originals).toBe(1);
    await bare("2");
    expect(draft.papers[0]?.originals).toBe(12);
    await bare("3");
    expect(draft.papers[0]?.originals).toBe(12);
    expect(document.body.textContent).toContain("0 đến 99");
  });

  test("Space completes the row and goes on", async () => {
    await bare(" ");
    await bare(" ");
    await bare(" ");
    expect(draft.papers[0]).toMatchObject({ originals: 1, copies: 0 });
    expect(draft.papers[1]).toMatchObject({ originals: 1, copies: 2 });
    expect(draft.papers[2]).toMatchObject({ originals: 1, copies: 0 });
    expect(
      rows()
        .slice(0, 3)
        .map((row) => row.className.includes("done")),
    ).toEqual([true, true, true]);
  });

  test("arrows move, Delete clears, and what was passed over is missing in a word", async () => {
    await key("ArrowDown");
    await bare("1");
    expect(draft.papers[1]?.originals).toBe(1);
    expect(rows()[0]?.className).toContain("missing");
    expect(rows()[0]?.textContent).toContain("Thiếu 1");
    expect(rows()[1]?.className).toContain("partial");
    await key("Delete");
    expect(draft.papers[1]?.originals).toBe(0);
    expect(rows()[1]?.className).toContain("missing");
  });

  test("nothing is red before anything was tried; all that is missing is, after", async () => {
    expect(grid.querySelectorAll("tr.missing")).toHaveLength(0);
    await show(true);
    expect(grid.querySelectorAll("tr.missing")).toHaveLength(3);
  });

  test("a paper that does not apply is asked about, with its reason", async () => {
    await key("ArrowDown");
    await bare("-");
    expect(asked).toEqual([1]);
  });
});
