//! Function keys and Ctrl shortcuts. The web view's own meanings (find, reload, print, caret
//! browsing, developer tools) are off, so that a reflex never costs an officer the visit.
import { editable } from "./scan";

/** `F2`, `Ctrl+K`, `Ctrl+Enter`, `Escape` … */
export type Shortcut = string;
export type KeyMap = Partial<Record<Shortcut, () => void>>;

const TAKEN = new Set(["p", "s", "f", "r", "l", "g", "e", "k", "t", "m", "j", "b", "u", "o", "h", "d"]);

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
