//! Function keys and Ctrl shortcuts. The web view's own meanings (find, reload, print, caret
//! browsing, developer tools) are off, so that a reflex never costs an officer the visit.
import { editable } from "./scan";

/** `F2`, `Ctrl+K`, `Ctrl+Enter`, `Escape` … */
export type Shortcut = string;
export type KeyMap = Partial<Record<Shortcut, () => void>>;

const TAKEN = new Set("psfrlgektmjbuohdi");

export function shortcutOf(event: KeyboardEvent): Shortcut | undefined {
  if (event.altKey || event.metaKey) return undefined;
  const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  if (event.ctrlKey) return event.shiftKey ? undefined : `Ctrl+${key}`;
  if (/^F\d{1,2}$/.test(key) || key === "Escape" || key === "Enter") return key;
  return undefined;
}

/** Layers of key maps: the topmost that knows a key acts; a modal layer hides those below. */
interface Layer {
  keys: () => KeyMap;
  modal: boolean;
}
const layers: Layer[] = [];

export function pushKeys(keys: () => KeyMap, modal = false): () => void {
  const layer = { keys, modal };
  layers.push(layer);
  return () => {
    const at = layers.indexOf(layer);
    if (at >= 0) layers.splice(at, 1);
  };
}

function onKey(event: KeyboardEvent): void {
  if (event.isComposing || event.keyCode === 229) return;
  const shortcut = shortcutOf(event);
  if (!shortcut) return;
  // Undo inside a text field is the field's own.
  if (shortcut === "Ctrl+Z" && editable(event.target)) return;
  const own = /^F\d/.test(shortcut) || (event.ctrlKey && TAKEN.has(event.key.toLowerCase()));
  if (own) event.preventDefault();
  if (event.defaultPrevented && !own) return;
  // Enter on a button, link, choice or multi-line field is that control's.
  if (
    shortcut === "Enter" &&
    event.target instanceof HTMLElement &&
    event.target.closest("button,a,textarea,select,summary")
  ) {
    return;
  }
  for (let i = layers.length - 1; i >= 0; i--) {
    const layer = layers[i];
    const act = layer?.keys()[shortcut];
    if (act) {
      event.preventDefault();
      // A key held down is one press.
      if (!event.repeat) act();
      return;
    }
    if (layer?.modal) return;
  }
}

export function watchKeys(): () => void {
  const noMenu = (event: Event) => {
    if (!editable(event.target)) event.preventDefault();
  };
  window.addEventListener("keydown", onKey);
  window.addEventListener("contextmenu", noMenu);
  return () => {
    window.removeEventListener("keydown", onKey);
    window.removeEventListener("contextmenu", noMenu);
  };
}

/** Moves the focus to the next region of a screen, or the one before. */
export function jumpRegion(regions: string[], step: 1 | -1): void {
  const at = regions.findIndex((selector) => document.activeElement?.closest(selector));
  const next = regions[(at + step + regions.length) % regions.length];
  if (!next) return;
  const controls = ":is(button,input,select)";
  document
    .querySelector<HTMLElement>(`${next} ${controls}[tabindex='0'],${next} ${controls}:not([tabindex='-1'])`)
    ?.focus();
}

/** Arrow keys within a group that is one tab stop: they move the focus along the elements chosen
    by `selector`; the one last used keeps the stop while it is there. */
export function arrows(selector: string, [back, on]: [back: string, on: string]) {
  return (group: HTMLElement): (() => void) => {
    let used: HTMLElement | undefined;
    const all = () => [...group.querySelectorAll<HTMLElement>(selector)];
    const settle = () => {
      const list = all();
      const stop = list.find((each) => each === used) ?? list[0];
      for (const each of list) each.tabIndex = each === stop ? 0 : -1;
    };
    const onFocus = (event: FocusEvent) => {
      const found = all().find((each) => each === event.target);
      if (!found) return;
      used = found;
      settle();
    };
    const onArrow = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.altKey || event.shiftKey) return;
      const list = all();
      const at = list.findIndex((each) => each === document.activeElement);
      const to = { [back]: at - 1, [on]: at + 1, Home: 0, End: list.length - 1 }[event.key];
      if (at < 0 || to === undefined) return;
      event.preventDefault();
      list[Math.min(list.length - 1, Math.max(0, to))]?.focus();
    };
    settle();
    // Rows come and go with the queue.
    const watch = new MutationObserver(settle);
    watch.observe(group, { childList: true, subtree: true });
    group.addEventListener("focusin", onFocus);
    group.addEventListener("keydown", onArrow);
    return () => {
      watch.disconnect();
      group.removeEventListener("focusin", onFocus);
      group.removeEventListener("keydown", onArrow);
    };
  };
}
