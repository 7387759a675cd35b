import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { arrows, jumpRegion } from "./keys";

let group: HTMLElement;
let stop: () => void;
const press = (key: string, more: KeyboardEventInit = {}) => {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
  document.activeElement?.dispatchEvent(event);
  return event.defaultPrevented;
};
const stops = () => [...group.querySelectorAll<HTMLElement>("button")].filter((b) => b.tabIndex === 0);
const name = () => document.activeElement?.textContent;
function add(text: string): HTMLButtonElement {
  const button = document.createElement("button");
  button.textContent = text;
  return button;
}

beforeEach(() => {
  document.body.innerHTML = "<section><button>elsewhere</button></section><div></div>";
  group = document.querySelector("div") as HTMLElement;
  group.append(add("a"), add("b"), add("c"));
  stop = arrows("button", ["ArrowUp", "ArrowDown"])(group);
});
afterEach(() => stop());

describe("a group of rows", () => {
  test("is one tab stop; arrows, Home and End move within it and stay within it", () => {
    expect(stops().map((b) => b.textContent)).toEqual(["a"]);
    stops()[0]?.focus();
    press("ArrowDown");
    expect(name()).toBe("b");
    press("End");
    press("ArrowDown");
    expect(name()).toBe("c");
    press("Home");
    press("ArrowUp");
    expect(name()).toBe("a");
    expect(stops()).toHaveLength(1);
  });

  test("leaves keys with Ctrl and the other arrows to others", () => {
    stops()[0]?.focus();
    expect(press("ArrowDown", { ctrlKey: true })).toBe(false);
    expect(press("ArrowRight")).toBe(false);
    expect(name()).toBe("a");
  });

  test("keeps its stop when rows come, and finds another when that row goes", async () => {
    stops()[0]?.focus();
    press("ArrowDown");
    group.prepend(add("new"));
    await new Promise((resolve) => setTimeout(resolve));
    expect(stops().map((b) => b.textContent)).toEqual(["b"]);
    stops()[0]?.remove();
    await new Promise((resolve) => setTimeout(resolve));
    expect(stops().map((b) => b.textContent)).toEqual(["new"]);
  });
});

test("regions follow each other round, entered at their own stop", () => {
  stops()[0]?.focus();
  press("ArrowDown");
  jumpRegion(["section", "div"], 1);
  expect(name()).toBe("elsewhere");
  jumpRegion(["section", "div"], -1);
  expect(name()).toBe("b");
});
