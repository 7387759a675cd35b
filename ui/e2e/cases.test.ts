//! Cases narrowed by chips: the store is asked, and what it leaves out is not on the screen.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import {
  Server,
  enter,
  expectAccessible,
  expectNothingClipped,
  launch,
  newPage,
  picture,
} from "./harness.ts";

let server: Server;
let browser: Browser;
let page: Page;
let complaints: string[];

async function receive(name: string, instant: boolean): Promise<void> {
  const [hit] = await server.call("catalogue.search", { text: "cap" });
  await server.call("case.receive", {
    procedure_code: hit?.code ?? "",
    applicant: { kind: "individual", name },
    papers: [],
    missing_ground: "thử",
    instant,
  });
}

beforeAll(async () => {
  server = await Server.demo();
  browser = await launch();
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
  await expect.poll(() => page.inputValue("#case-search")).toBe("");
});

test("the chips are one stop of Tab, moved along by arrows", async () => {
  await page.focus(".chip[aria-checked='true']");
  await page.keyboard.press("ArrowRight");
  await page.waitForSelector(".chip[aria-checked='true']:has-text('Nhận hôm nay')");
  await expect
    .poll(() => page.evaluate(() => document.activeElement?.textContent?.trim()))
    .toBe("Nhận hôm nay");
  await expect.poll(() => page.locator(".chip[tabindex='0']").count()).toBe(1);
  await expect.poll(owners).toHaveLength(3);
});

test("a case opens beside the list and gives the focus back", async () => {
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".drawer:has-text('Hoàng Văn Ký')");
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await page.waitForSelector(".drawer", { state: "detached" });
  await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe("case-search");
});

test("any status, a day and online narrow beside the chips, typed words are read", async () => {
  const { case_id: id } = await server.call("case.receive", {
    procedure_code: (await server.call("catalogue.search", { text: "cap" }))[0]?.code ?? "",
    applicant: { kind: "individual", name: "Mùa A Chu" },
    papers: [],
    missing_ground: "thử",
    online: { code: "G15.20-261123-0007" },
  });
  await server.call("case.refuse", { id, reason: "không thuộc thẩm quyền" }, "ha");
  // Of a status without a chip.
  await page.keyboard.press("Alt+0");
  await page.selectOption(".finer select", "refused");
  await expect.poll(owners).toEqual(["Mùa A Chu"]);
  await expectNothingClipped(page);
  await expectAccessible(page);
  await picture(page, "cases-narrowed");
  await page.keyboard.press("Escape");
  await expect.poll(owners).toHaveLength(4);
  await page.getByLabel("Trực tuyến").check();
  await expect.poll(owners).toEqual(["Mùa A Chu"]);
  await page.keyboard.press("Escape");
  await page.getByLabel("Nhận từ").fill("1/1/2020");
  await page.getByLabel("đến", { exact: true }).fill("2/1/2020");
  await page.waitForSelector(".empty");
  await page.focus("#case-search");
  await page.keyboard.press("Escape");
  await expect.poll(owners).toHaveLength(4);
  await expect.poll(() => page.getByLabel("Nhận từ").inputValue()).toBe("");
  // A status as it is said; a code of the portal, typed as a scanner types it.
  await page.keyboard.type("từ chối");
  await page.waitForSelector("p:has-text('Đang tìm: hồ sơ không được tiếp nhận')");
  await expect.poll(owners).toEqual(["Mùa A Chu"]);
  await page.keyboard.press("Escape");
  await page.keyboard.insertText("G15.20-261123-0007");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".drawer:has-text('Mùa A Chu')");
  // Pressed by mistake: taken back with a reason, and both stay.
  await page.keyboard.press("Control+J");
  await page.waitForSelector("dialog[open]:has-text('không thuộc thẩm quyền')");
  await expectAccessible(page);
  await picture(page, "case-undo");
  await page.keyboard.type("nhầm hồ sơ", { delay: 50 });
  await page.keyboard.press("Enter");
  await page.waitForSelector(".drawer li:has-text('Đã rút lại')");
  await page.waitForSelector(".drawer li:has-text('nhầm hồ sơ')");
  await expectAccessible(page);
  await expectNothingClipped(page);
  await picture(page, "case-undone");
});

test("a mark and an arrow leave the focus where the keys act", async () => {
  await page.focus("tbody tr:first-child button");
  await page.keyboard.press("Space");
  await page.waitForSelector(".marks");
  await page.keyboard.press("ArrowDown");
  const row = () =>
    page.evaluate(
      () => (document.activeElement?.closest("tr") as HTMLTableRowElement | null)?.sectionRowIndex,
    );
  await expect.poll(row).toBe(1);
  await page.keyboard.press("Space");
  await expect
    .poll(() => page.locator(".marks select option").allInnerTexts())
    .toContain("Giấy tiếp nhận, hẹn trả (Mẫu 01)");
  await expectAccessible(page);
  await expectNothingClipped(page);
  await picture(page, "cases-marked");
});

test("a row chosen while the list is read anew stays chosen", async () => {
  let answer = (): void => undefined;
  const moved = new Promise<void>((resolve) => (answer = resolve));
  await page.route("**/rpc/case.search", async (route) => {
    await moved;
    await route.continue();
  });
  // Somebody else takes a case in: the list is asked for again, and is slow to come.
  const asked = page.waitForRequest("**/rpc/case.search");
  await receive("Sùng A Páo", false);
  await asked;
  await page.keyboard.press("ArrowDown");
  const second = await page.innerText("tbody tr:nth-child(2) td.owner");
  await page.waitForSelector(`tr.at:has-text("${second}")`);
  answer();
  await page.waitForSelector(".cases tbody tr:first-child:has-text('Sùng A Páo')");
  await expect.poll(() => page.innerText("tr.at td.owner")).toBe(second);
  await page.keyboard.press("Enter");
  await page.waitForSelector(`.drawer:has-text("${second}")`);
});
