//! Cases narrowed by chips: the store is asked, and what it leaves out is not on the screen.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Server, enter, expectAccessible, expectNothingClipped, launch, newPage } from "./harness.ts";

let server: Server;
let browser: Browser;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  server = await Server.demo();
  browser = await launch();
  const [hit] = await server.call("catalogue.search", { text: "cap" });
  const receive = (name: string, instant: boolean) =>
    server.call("case.receive", {
      procedure_code: hit?.code ?? "",
      applicant: { kind: "individual", name },
      papers: [],
      missing_ground: "thử",
      instant,
    });
  await receive("Lò Thị Mai", false);
  await receive("Hoàng Văn Ký", true);
  await receive("Lương Thị Sen", false);
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});
beforeEach(async () => {
  ({ page, complaints } = await newPage(browser, { width: 1280, height: 720, theme: "dark" }));
  await enter(page, server, "ha", 1, "cases");
  await page.waitForSelector(".cases tbody tr:nth-child(3)");
  return async () => {
    await page.context().close();
    expect(complaints).toEqual([]);
  };
});

const owners = () => page.locator("td.owner").allInnerTexts();

test("Alt and a digit narrow from wherever one types, Esc widens again", async () => {
  await page.keyboard.press("Alt+9");
  await expect.poll(owners).toEqual(["Hoàng Văn Ký"]);
  await page.waitForSelector(".foot:has-text('12 tháng qua')");
  await expectNothingClipped(page);
  await expectAccessible(page);
  // Words narrow further, and say that the list is narrowed.
  await page.keyboard.type("lo", { delay: 50 });
  await page.waitForSelector(".empty:has-text('Alt 1')");
  await expectAccessible(page);
  await page.keyboard.press("Alt+4");
  await expect.poll(owners).toEqual(["Lò Thị Mai"]);
  await page.keyboard.press("Escape");
  await expect.poll(owners).toHaveLength(3);
  expect(await page.inputValue("#case-search")).toBe("");
});

test("the chips are one stop of Tab, moved along by arrows", async () => {
  await page.focus(".chip[aria-checked='true']");
  await page.keyboard.press("ArrowRight");
  await page.waitForSelector(".chip[aria-checked='true']:has-text('Nhận hôm nay')");
  await expect
    .poll(() => page.evaluate(() => document.activeElement?.textContent?.trim()))
    .toBe("Nhận hôm nay");
  expect(await page.locator(".chip[tabindex='0']").count()).toBe(1);
  await expect.poll(owners).toHaveLength(3);
});

test("a case opens beside the list and gives the focus back", async () => {
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".drawer:has-text('Hoàng Văn Ký')");
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await page.waitForSelector(".drawer", { state: "detached" });
  expect(await page.evaluate(() => document.activeElement?.id)).toBe("case-search");
});
