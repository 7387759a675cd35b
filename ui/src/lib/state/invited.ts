//! The text of a hub's QR code, typed by a scanner while a machine joins. What it says is for the
//! back end to read; here it is only told from a card and from a ticket.

/** A machine's invitation: digits only, so that no keyboard layout changes it. */
const INVITATION = /^0847\d{8,}$/;

type Listener = (invitation: string) => void;
let listener: Listener | undefined;

/** Whoever joins hears what is scanned until the answered function is called. */
export function whenInvited(hear: Listener): () => void {
  listener = hear;
  return () => {
    if (listener === hear) listener = undefined;
  };
}

/** Whether the scan was an invitation and somebody waited for one. */
export function invited(text: string): boolean {
  if (!listener || !INVITATION.test(text)) return false;
  listener(text);
  return true;
}
