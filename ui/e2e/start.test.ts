import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Server, launch, newPage } from "./harness.ts";

let server: Server;
let browser: Browser;
beforeAll(async () => {
  server = await Server.demo();
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

test("officer and counter are chosen by keys, remembered, and changed again", async () => {
  const { page, complaints } = await newPage(browser);
  await page.goto(`${server.url}/#token=${server.token}`);
  await page.waitForSelector("main.start");
  // The token is no longer in the address, where a photo or a history would keep it.
  expect(page.url()).not.toContain(server.token);
  await page.keyboard.press("2");
  await page.waitForSelector("input[value='dung']:checked");
  await page.keyboard.press("Enter");
  await page.keyboard.press("3");
  await page.waitForSelector("input[name='counter'][value='3']:checked");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".top .who:has-text('Phạm Tiến Dũng')");
  await expect.poll(() => page.innerText(".top .who b")).toBe("Quầy 3");
  await page.reload();
  await page.waitForSelector(".top .who:has-text('Phạm Tiến Dũng')");
  for (const [key, selector] of [
    ["Control+2", ".rm"],
    ["Control+3", ".cases"],
    ["Control+4", ".sup"],
    ["Control+1", ".que"],
  ] as const) {
    await page.keyboard.press(key);
    await page.waitForSelector(selector);
  }
  await page.keyboard.press("Control+,");
  await page.click("dialog button:has-text('Đổi cán bộ')");
  await page.waitForSelector("main.start input[value='dung']:checked");
  await page.context().close();
  expect(complaints).toEqual([]);
});

test("theme and language change at once and stay", async () => {
  const { page } = await newPage(browser);
  await page.goto(`${server.url}/#token=${server.token}`);
  await page.waitForSelector("main.start");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".que");
  await page.keyboard.press("Control+,");
  await page.check("dialog input[name='theme'] >> nth=2", { force: true });
  await page.check("dialog input[name='locale'] >> nth=1", { force: true });
  await page.waitForSelector("dialog:has-text('Printers and settings')");
  await page.reload();
  await page.waitForSelector("nav:has-text('Reception')");
  expect(
    await page.evaluate(() => [document.documentElement.dataset.theme, document.documentElement.lang]),
  ).toEqual(["dark", "en"]);
  await page.context().close();
});

test("an old token is said calmly, with a way on", async () => {
  const { page } = await newPage(browser);
  await page.goto(`${server.url}/#token=wrong`);
  await page.waitForSelector("h1:has-text('Chưa nối được')");
  await expect.poll(() => page.locator("button:has-text('Thử mở lại')").count()).toBe(1);
  await page.context().close();
});
