//! Every word on screen comes from messages/*.json through here. Keys are checked by the
//! compiler; a test keeps both languages and their placeholders equal.
import en from "$messages/en.json";
import vi from "$messages/vi.json";

export type MessageKey = keyof typeof vi;
export type Locale = "vi" | "en";
export type Params = Record<string, string | number>;

const books: Record<Locale, Record<MessageKey, string>> = { vi, en };
const STORED = "motcua.locale";

function remembered(): Locale {
  return localStorage.getItem(STORED) === "en" ? "en" : "vi";
}

const state = $state({ locale: remembered() });

export function locale(): Locale {
  return state.locale;
}

export function setLocale(next: Locale): void {
  state.locale = next;
  localStorage.setItem(STORED, next);
  document.documentElement.lang = next;
}

/** The sentence for `key`, with `{name}` replaced. Reads the locale, so templates follow it. */
export function t(key: MessageKey, params?: Params): string {
  const text = books[state.locale][key];
  return params ? text.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole)) : text;
}
