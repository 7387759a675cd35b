//! Sums of money as people type them.
import { read } from "./text";

/** Whole đồng: digits alone, or in groups of three with points or spaces between. Nothing where that
 *  is not clear: below zero, parts of a đồng, "8k". */
export function dong(typed: string): number | undefined {
  const text = read(typed).replace(/\s*đ$/i, "");
  const clear =
    /^\d{1,12}$/.test(text) || /^\d{1,3}(\.\d{3}){1,3}$/.test(text) || /^\d{1,3}( \d{3}){1,3}$/.test(text);
  return clear ? Number(text.replace(/\D/g, "")) : undefined;
}
