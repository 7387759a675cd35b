import { render } from "@testing-library/svelte";
import { createRawSnippet, tick } from "svelte";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import TypeAhead from "./TypeAhead.svelte";

let asked: string[];
let chosen: string[];
let input: HTMLInputElement;
let answers: Record<string, (found: string[]) => void>;

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  chosen = [];
  answers = {};
  const { container } = render(TypeAhead<string>, {
    label: "Thủ tục",
    value: "",
    search: (text: string) => {
      asked.push(text);
      return new Promise<string[]>((resolve) => (answers[text] = resolve));
    },
    key: (option: string) => option,
    choose: (option: string) => chosen.push(option),
    option: createRawSnippet((option: () => string) => ({ render: () => `<span>${option()}</span>` })),
  });
  input = container.querySelector("input") as HTMLInputElement;
  input.focus();
});
afterEach(() => vi.useRealTimers());

async function type(text: string, composing = false): Promise<void> {
  input.value = text;
  input.dispatchEvent(new InputEvent("input", { bubbles: true, isComposing: composing }));
  await vi.advanceTimersByTimeAsync(100);
}
async function answer(text: string, found: string[]): Promise<void> {
  answers[text]?.(found);
  await vi.advanceTimersByTimeAsync(0);
  await tick();
}
function press(key: string, init: KeyboardEventInit = {}): void {
  input.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...init }));
}
const options = () => [...document.querySelectorAll("[role=option]")].map((o) => o.textContent?.trim());

describe("type-ahead", () => {
  test("waits while an input method composes, and never rewrites the field", async () => {
    await type("khai sin", true);
    expect(asked).toEqual([]);
    input.value = "khai sinh";
    input.dispatchEvent(new CompositionEvent("compositionend", { bubbles: true }));
    await vi.advanceTimersByTimeAsync(100);
    expect(asked).toEqual(["khai sinh"]);
    expect(input.value).toBe("khai sinh");
  });

  test("Enter while composing only ends the composition", async () => {
    await type("kh");
    await answer("kh", ["Khai sinh"]);
    press("Enter", { isComposing: true });
    expect(chosen).toEqual([]);
    press("Enter");
    expect(chosen).toEqual(["Khai sinh"]);
  });

  test("Enter before the answer takes the first of that answer, and nothing older", async () => {
    await type("kh");
    await answer("kh", ["Khai sinh"]);
    await type("kt");
    press("Enter");
    expect(chosen).toEqual([]);
    await answer("kt", ["Khai tử", "Kết hôn"]);
    expect(chosen).toEqual(["Khai tử"]);
    // Nothing matches, or it was typed on: Enter is forgotten.
    await type("kx");
    press("Enter");
    await answer("kx", []);
    await type("kh");
    press("Enter");
    await type("kha");
    await answer("kha", ["Khai sinh"]);
    expect(chosen).toEqual(["Khai tử"]);
  });

  test("shows only the answer to the last question", async () => {
    await type("k");
    await type("kh");
    await answer("kh", ["Khai tử"]);
    await answer("k", ["Kết hôn"]);
    expect(options()).toEqual(["Khai tử"]);
  });

  test("asks in composed letters and says when nothing matches", async () => {
    await type("Đặng".normalize("NFD"));
    expect(asked).toEqual(["Đặng"]);
    await answer("Đặng", []);
    expect(options()[0]).toContain("Không có");
  });

  test("arrows choose, Escape closes and keeps what was typed", async () => {
    await type("kh");
    await answer("kh", ["Khai sinh", "Khai tử"]);
    press("ArrowDown");
    await tick();
    expect(document.querySelector("[aria-selected='true']")?.textContent).toContain("Khai tử");
    press("Escape");
    await tick();
    expect([input.getAttribute("aria-expanded"), input.value]).toEqual(["false", "kh"]);
  });
});
