//! Keyboard-wedge scanners: a burst of keys with gaps no hand can type, ended by Enter, is a
//! scan whatever has the focus. It neither types into a field nor presses a button.
//!
//! Two ways, because a text field must never lose a key of an input method:
//! in a text field the keys pass, and the field is put back as it was once the burst proves to
//! be a scan; elsewhere keys are held for `HOLD_MS` and then given out as `shortkey` events, so
//! that the digits of a card never choose a service.

/** Longest gap between two keys of a scanner. */
export const GAP_MS = 35;
/** How long a bare key waits before it counts as a shortcut. */
export const HOLD_MS = 40;
/** Shorter bursts are fast typing. */
export const MIN_LENGTH = 6;

/** Keys that act at once. What was typed before them must have acted by then. */
const COMMANDS = /^(F\d{1,2}|Arrow.+|Home|End|Page.+|Tab|Delete|Backspace|Escape)$/;

/** A bare key pressed outside text fields; dispatched on the element that had the focus. */
export type ShortKey = CustomEvent<{ key: string }>;

type Field = HTMLInputElement | HTMLTextAreaElement;

export function editable(target: EventTarget | null): target is Field {
  if (target instanceof HTMLTextAreaElement) return !target.readOnly;
  if (!(target instanceof HTMLInputElement)) return false;
  return !target.readOnly && ["text", "search", "tel", "email", "url", "number", ""].includes(target.type);
}

interface Burst {
  text: string;
  last: number;
  /** The field the keys went to, and how it was before. */
  field?: { element: Field; value: string; start: number | null; end: number | null };
  /** Keys held back, outside fields. */
  held: boolean;
  target: Element;
}

export interface ScanOptions {
  onScan: (text: string) => void;
  /** A burst that was cut short or came without its end. */
  onDamaged: () => void;
}

/** Listens on the window until the answered function is called. */
export function watchScanner(options: ScanOptions): () => void {
  let burst: Burst | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function release(): void {
    clearTimeout(timer);
    const ended = burst;
    burst = undefined;
    if (!ended?.held) return;
    if ([...ended.text].length >= MIN_LENGTH) {
      // Nobody types that fast: a scan without its Enter. A whole card is still a card.
      if (ended.text.split("|").length > 5) options.onScan(ended.text);
      else options.onDamaged();
      return;
    }
    for (const key of ended.text) {
      ended.target.dispatchEvent(new CustomEvent("shortkey", { detail: { key }, bubbles: true }));
    }
  }

  function wait(): void {
    clearTimeout(timer);
    timer = setTimeout(release, HOLD_MS);
  }

  function stop(event: KeyboardEvent): void {
    event.preventDefault();
    event.stopPropagation();
  }

  function begin(event: KeyboardEvent, at: number): void {
    const target = event.target instanceof Element ? event.target : document.body;
    if (editable(target)) {
      burst = {
        text: "",
        last: at,
        held: false,
        target,
        field: {
          element: target,
          value: target.value,
          start: target.selectionStart,
          end: target.selectionEnd,
        },
      };
      return;
    }
    burst = { text: "", last: at, held: true, target };
  }

  function finish(event: KeyboardEvent, scan: Burst): void {
    stop(event);
    clearTimeout(timer);
    burst = undefined;
    if (scan.field) {
      const { element, value, start, end } = scan.field;
      element.value = value;
      if (start !== null) element.setSelectionRange(start, end);
      element.dispatchEvent(new Event("input", { bubbles: true }));
    }
    options.onScan(scan.text);
  }

  function onKey(event: KeyboardEvent): void {
    // While an input method composes, keys belong to it; the field's text is read on Enter instead.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.ctrlKey || event.altKey || event.metaKey) {
      if (event.ctrlKey && event.key !== "Control") release();
      return;
    }
    // When the key was struck, not when a busy window got round to it.
    const at = event.timeStamp;
    if (burst && at - burst.last > GAP_MS) release();

    if (event.key === "Enter") {
      if (burst && [...burst.text].length >= MIN_LENGTH) finish(event, burst);
      else release();
      return;
    }
    if (event.key === "Backspace" && burst?.field) {
      // Unikey rewrites what it has sent: the burst follows.
      burst.text = [...burst.text].slice(0, -1).join("");
      burst.last = at;
      return;
    }
    if ([...event.key].length !== 1) {
      if (COMMANDS.test(event.key)) release();
      return;
    }
    // Space presses the focused button or box; no scan begins with it.
    const element = event.target instanceof Element ? event.target : null;
    if (event.key === " " && !burst && !editable(element) && !element?.closest("[data-shortkeys]")) return;
    if (!burst) begin(event, at);
    if (!burst) return;
    if (event.repeat && burst.held) return stop(event);
    burst.text += event.key;
    burst.last = at;
    if (burst.held) {
      stop(event);
      wait();
    }
  }

  window.addEventListener("keydown", onKey, true);
  return () => {
    clearTimeout(timer);
    window.removeEventListener("keydown", onKey, true);
  };
}
