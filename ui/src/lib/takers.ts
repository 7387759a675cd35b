//! What is scanned while a dialog is open belongs to that dialog or to nobody: below it lies another
//! person's form, and a screen that changes under a half-typed dialog is another case's.
import { editable } from "./scan";

/** Whether the scan was for it. */
type Taker = (scanned: string) => boolean;
const takers: Taker[] = [];

/** A dialog that knows what to do with a scan, as long as it is open. */
export function whenScanned(take: Taker): () => void {
  takers.push(take);
  return () => {
    const at = takers.indexOf(take);
    if (at >= 0) takers.splice(at, 1);
  };
}

/** Number, birthday and address of somebody: never text of a field. */
export function isCard(scanned: string): boolean {
  return scanned.includes("|");
}

export type Taken = "no dialog" | "taken" | "refused";

/** Gives a scan to the open dialog: to what it has for it, or to the field that has the keys. */
export function intoDialog(scanned: string): Taken {
  const focused = document.activeElement;
  const dialog = focused?.closest("dialog[open]") ?? document.querySelector("dialog[open]");
  if (!dialog) return "no dialog";
  if (takers.toReversed().some((take) => take(scanned))) return "taken";
  if (isCard(scanned) || !editable(focused) || !dialog.contains(focused)) return "refused";
  const most = focused.maxLength;
  const before = focused.value.length - ((focused.selectionEnd ?? 0) - (focused.selectionStart ?? 0));
  if (most >= 0 && before + scanned.length > most) return "refused";
  focused.setRangeText(scanned, focused.selectionStart ?? 0, focused.selectionEnd ?? 0, "end");
  focused.dispatchEvent(new Event("input", { bubbles: true }));
  return "taken";
}
