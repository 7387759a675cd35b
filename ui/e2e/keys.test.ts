//! The keys of every screen: each means one thing there, and dialogs open at their top.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { branchWithReceipts, openCase, receiveCase } from "./cases.ts";
import { type Server, enter, expectNothingClipped, newPage, picture } from "./harness.ts";

let server: Server;
let browser: Browser;
let page: Page;
let complaints: string[];
let procedure: string;

beforeAll(async () => {
  ({ server, browser, procedure } = await branchWithReceipts());
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});
beforeEach(async () => {
  ({ page, complaints } = await newPage(browser, { width: 1280, height: 720 }));
  return async () => {
    await page.context().close();
    expect(complaints).toEqual([]);
  };
});

/** Read from its top, with the focus on something that is in sight. */
async function expectAtTop(): Promise<void> {
  const stands = await page.evaluate(() => {
    const dialog = document.querySelector<HTMLElement>("dialog[open]");
    const focus = document.activeElement?.getBoundingClientRect();
    const hit =
      focus && document.elementFromPoint((focus.left + focus.right) / 2, (focus.top + focus.bottom) / 2);
    return {
      top: dialog?.scrollTop,
      inside: dialog?.contains(document.activeElement),
      seen: !!hit && !!document.activeElement?.contains(hit),
    };
  });
  expect(stands).toEqual({ top: 0, inside: true, seen: true });
}

test.each(["desk", "reception", "cases", "supervisor", "sync", "books", "setup"])(
  "on %s every key stands once, and the sheet is read from its top",
  async (view) => {
    await enter(page, server, "quan-tri", 1, view);
    await page.keyboard.press("F1");
    await page.waitForSelector("dialog[open] dt kbd");
    await expectAtTop();
    await expectNothingClipped(page);
    await picture(page, `keys-${view}`);
    const keys = await page.locator("dialog dt kbd").allInnerTexts();
    expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog", { state: "detached" });
  },
);

test("settings open at their top, and their end is reached by keys", async () => {
  await enter(page, server, "ha", 1, "desk");
  await page.keyboard.press("Control+,");
  await page.waitForSelector("dialog #printer-receipt");
  await expectAtTop();
  await picture(page, "settings-top");
  await page.keyboard.press("PageDown");
  await expect.poll(() => page.evaluate(() => document.querySelector("dialog")?.scrollTop)).not.toBe(0);
  // Whatever Tab comes to is not under the choices that stay in sight.
  await page.focus("dialog input[name=locale]:checked");
  const covered = await page.evaluate(() => {
    const field = document.activeElement?.closest("label")?.getBoundingClientRect();
    const choices = document.querySelector("dialog .actions")?.getBoundingClientRect();
    return !field || !choices || field.bottom > choices.top + 1;
  });
  expect(covered).toBe(false);
});

test("with a case open one key scans and another tells citizens", async () => {
  await receiveCase({ server, procedure }, "Lò Thị Mai", {});
  await openCase(page, server, "Lò Thị Mai");
  await page.keyboard.press("Control+b");
  await page.waitForSelector("dialog[open]:has-text('Quét giấy tờ')");
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog", { state: "detached" });
  await page.keyboard.press("Control+i");
  await page.waitForSelector("dialog[open]:has-text('Báo người dân')");
});
