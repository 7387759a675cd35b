import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { GAP_MS, HOLD_MS, watchScanner } from "./scan";

const card = "001187004521||Triệu Thị Kim Oanh|02031987|Nữ|Thôn Nà Lạn|20092022";
let at = 0;
let scans: string[];
let damaged: number;
let stop: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  at = 1000;
  scans = [];
  damaged = 0;
  stop = watchScanner({ onScan: (text) => scans.push(text), onDamaged: () => damaged++ });
});
afterEach(() => {
  stop();
  vi.useRealTimers();
  document.body.replaceChildren();
});

/** A key as the browser delivers it: it types only when nobody prevented it. */
function press(key: string, gap: number, init: KeyboardEventInit = {}): boolean {
  at += gap;
  vi.advanceTimersByTime(gap);
  const target = document.activeElement ?? document.body;
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...init });
  Object.defineProperty(event, "timeStamp", { value: at });
  const passed = target.dispatchEvent(event);
  if (passed && key.length === 1 && target instanceof HTMLInputElement) target.value += key;
  return passed;
}
function burst(text: string, gap = 4): void {
  for (const key of text) press(key, gap);
}
function field(value = ""): HTMLInputElement {
  const input = document.createElement("input");
  input.value = value;
  document.body.append(input);
  input.focus();
  return input;
}

describe("a scanner's burst", () => {
  test("is taken whole with nothing focused, and presses nothing", () => {
    const keys: string[] = [];
    window.addEventListener("shortkey", (event) =>
      keys.push((event as CustomEvent<{ key: string }>).detail.key),
    );
    burst(card);
    expect(press("Enter", 4)).toBe(false);
    vi.advanceTimersByTime(HOLD_MS * 2);
    expect(scans).toEqual([card]);
    expect(keys).toEqual([]);
  });

  test.each([
    ["ArrowDown", {}],
    ["F9", {}],
    ["Enter", { ctrlKey: true }],
  ])("a quick key before %s acts before it", (command, init) => {
    const order: string[] = [];
    window.addEventListener("shortkey", (event) =>
      order.push((event as CustomEvent<{ key: string }>).detail.key),
    );
    const listen = (event: KeyboardEvent) => order.push(event.key);
    window.addEventListener("keydown", listen);
    press("2", 200);
    press(command, 5, init);
    window.removeEventListener("keydown", listen);
    expect(order).toEqual(["2", command]);
  });

  test("leaves the focused field as it was", () => {
    const input = field("0978");
    burst(card);
    press("Enter", 4);
    expect(scans).toEqual([card]);
    expect(input.value).toBe("0978");
  });

  test("does not press the focused button", () => {
    const button = document.createElement("button");
    let pressed = 0;
    button.onclick = () => pressed++;
    document.body.append(button);
    button.focus();
    burst("H99.12-261118-0047");
    expect(press("Enter", 4)).toBe(false);
    expect([scans, pressed]).toEqual([["H99.12-261118-0047"], 0]);
  });

  test("cut short is said, not acted on", () => {
    burst("00118700");
    vi.advanceTimersByTime(HOLD_MS * 2);
    expect([scans, damaged]).toEqual([[], 1]);
  });

  test("without its Enter is a scan all the same when it is a whole card", () => {
    burst(card);
    vi.advanceTimersByTime(HOLD_MS * 2);
    expect(scans).toEqual([card]);
  });

  test("is told by when its keys were struck, though a busy window hears them late", () => {
    field();
    for (const key of [...card, "Enter"]) {
      press(key, 4);
      vi.advanceTimersByTime(GAP_MS * 2);
    }
    expect([scans, damaged]).toEqual([[card], 0]);
  });

  test("follows what the input method rewrites in a field", () => {
    const input = field();
    burst("Nguyeenx");
    press("Backspace", 2);
    burst("N ABC");
    press("Enter", 4);
    expect(scans).toEqual(["NguyeenN ABC"]);
    expect(input.value).toBe("");
  });
});

describe("a hand", () => {
  test("types into a field undisturbed, Enter included", () => {
    const input = field();
    for (const key of "Oanh 1987") expect(press(key, 90)).toBe(true);
    expect(press("Enter", 90)).toBe(true);
    expect([scans, input.value]).toEqual([[], "Oanh 1987"]);
  });

  test("is told by when its keys were struck, though a busy window hears them all at once", () => {
    const input = field();
    const typed = [..."Oanh1987", "Enter"].map((key, i) => {
      const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
      Object.defineProperty(event, "timeStamp", { value: i * 90 });
      return event;
    });
    expect(typed.map((event) => input.dispatchEvent(event))).not.toContain(false);
    expect(scans).toEqual([]);
  });

  test("rolling over a few keys fast is still typing", () => {
    const input = field();
    burst("anh", 20);
    expect(press("Enter", 20)).toBe(true);
    expect([scans, input.value]).toEqual([[], "anh"]);
  });

  test("outside fields is a shortcut, once no scanner can be behind it", () => {
    const keys: string[] = [];
    window.addEventListener("shortkey", (event) =>
      keys.push((event as CustomEvent<{ key: string }>).detail.key),
    );
    press("2", 500);
    expect(keys).toEqual([]);
    vi.advanceTimersByTime(HOLD_MS);
    expect(keys).toEqual(["2"]);
  });

  test("composing with an input method is never looked at", () => {
    const input = field();
    for (const key of "nguyeenx") {
      press(key, GAP_MS / 4, { isComposing: true });
    }
    expect(press("Enter", 4, { isComposing: true })).toBe(true);
    expect([scans, input.value.length]).toEqual([[], 8]);
  });
});
