//! A sentence about a value is about that value: it goes as soon as another one stands there, and
//! comes back with what was refused.
import { untrack } from "svelte";

/** Beside a field, while the component is made. Whoever refuses the next value with the same sentence
 *  takes the old one away first and lets the screen follow, or sets a whole new record of errors. */
export function refusal(
  error: () => string | undefined,
  value: () => unknown,
): { readonly text: string | undefined } {
  let refused = $state.raw<unknown>();
  $effect.pre(() => {
    void error();
    refused = untrack(value);
  });
  const text = $derived(Object.is(refused, value()) ? error() || undefined : undefined);
  return {
    get text() {
      return text;
    },
  };
}
