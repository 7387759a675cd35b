//! A procedure chosen and its papers counted by keys, as at every desk.
import type { Page } from "playwright-core";
import { expect } from "vitest";

/** Typed as a person types. Enter may come before the answer: the first of that answer is meant. */
export async function chooseProcedure(page: Page, text: string): Promise<void> {
  await page.keyboard.type(text, { delay: 50 });
  await page.keyboard.press("Enter");
  // Enter may be ahead of the answer; the list closes with the choice, also where papers stood before.
  await page.waitForSelector("[role=combobox][aria-expanded=false]");
  await page.waitForSelector("[role=grid]");
}

/** Space by Space, each once the one before it is seen to count. */
export async function completeAll(page: Page): Promise<void> {
  await page.waitForSelector("[role=grid] [data-cell]:focus");
  const rows = page.locator("[role=grid] tbody tr:not(.group)");
  const complete = page.locator("[role=grid] tbody tr:is(.done, .given)");
  const all = await rows.count();
  for (let n = 1; n <= all; n++) {
    await page.keyboard.press("Space");
    await expect.poll(() => complete.count()).toBe(n);
  }
}
