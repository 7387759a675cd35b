//! Where a form was refused.

/** Gives the keys to the first field at fault within the element of that id, once it is marked. */
export function focusFault(id: string): void {
  requestAnimationFrame(() =>
    document.querySelector<HTMLElement>(`#${CSS.escape(id)} [aria-invalid='true']`)?.focus(),
  );
}
