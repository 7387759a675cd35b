//! Papers on the screen before they are printed, by keyboard alone: at the desk, from a case, from
//! the books, several together; nothing is recorded until Enter.
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { branchWithReceipts, lookAt, openCase, receiveCase } from "./cases.ts";
import { type Server, enter, newPage } from "./harness.ts";

let server: Server;
let browser: Browser;
let page: Page;
let complaints: string[];
let procedure: string;
let theme: "light" | "dark" = "light";

beforeAll(async () => {
  ({ server, browser, procedure } = await branchWithReceipts());
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});
beforeEach(async () => {
  ({ page, complaints } = await newPage(browser, { width: 1280, height: 720, theme }));
});
afterEach(async () => {
  await page.context().close();
  expect(complaints).toEqual([]);
});

const receive = async (name: string) =>
  (await receiveCase({ server, procedure }, name, { fee: { amount: 8000, method: "cash" } })).id;

const open = (name: string) => openCase(page, server, name);

const look = (name: string) => lookAt(page, `${name}-${theme}`);

const jobs = async (id?: string) =>
  (await server.call("print.jobs", {})).filter((job) => id === undefined || job.id === id).length;
const printed = async (id: string) => (await server.call("case.get", { id })).case.printed.length;
const at = (text: string) => page.waitForSelector(`dialog[open] .at:has-text('${text}')`);
/** The page is really drawn, and not an empty frame. */
const drawn = () =>
  page.waitForFunction(() => {
    const image = document.querySelector<HTMLImageElement>("dialog[open] img");
    return image?.complete === true && image.naturalWidth > 500;
  });
/** One key after the other, each once the last has been seen to. */
async function turnTo(key: "PageDown" | "PageUp", text: string): Promise<void> {
  const there = page.locator(`dialog .at:has-text('${text}')`);
  for (let presses = 0; presses < 12 && (await there.count()) === 0; presses++) {
    const before = await page.textContent("dialog[open] .at");
    await page.keyboard.press(key);
    await page.waitForFunction((before) => {
      const now = document.querySelector("dialog[open] .at");
      return now !== null && now.textContent !== before;
    }, before);
  }
  await at(text);
}
const closed = () => page.waitForSelector("dialog", { state: "detached" });

test.each(["light", "dark"] as const)("a receipt is paged through, then printed, %s", async (colours) => {
  theme = colours;
  await page.context().close();
  ({ page, complaints } = await newPage(browser, { width: 1280, height: 720, theme }));
  const name = colours === "light" ? "Lò Thị Mai" : "Đặng Thị Ngọc Uyển-Phương";
  const id = await receive(name);
  await open(name);
  await page.keyboard.press("Control+r");
  await at("Trang 1/");
  await drawn();
  await page.waitForSelector("dialog .mark:has-text('in lần đầu')");
  await look("preview-receipt");
  const first = await page.getAttribute("dialog img", "src");
  await page.keyboard.press("PageDown");
  await at("Trang 2/");
  await drawn();
  await expect.poll(() => page.getAttribute("dialog img", "src")).not.toBe(first);
  await page.keyboard.press("F2");
  await look("preview-whole");
  // Beyond the last page there is nothing.
  for (let i = 0; i < 6; i++) await page.keyboard.press("PageDown");
  await page.waitForSelector("dialog button[aria-disabled='true']:has-text('Trang sau')");
  for (let i = 0; i < 6; i++) await page.keyboard.press("PageUp");
  await at("Trang 1/");
  await page.keyboard.press("Escape");
  await closed();
  expect([await jobs(id), await printed(id)]).toEqual([0, 0]);

  await page.keyboard.press("Control+r");
  await drawn();
  await page.keyboard.press("Enter");
  await closed();
  await expect.poll(() => printed(id)).toBe(1);
  await expect.poll(() => jobs(id)).toBe(1);
  // What would be printed next bears the mark, and says so.
  await page.waitForSelector(".drawer:has-text('Đã in')");
  await page.keyboard.press("Control+r");
  await page.waitForSelector("dialog .re:has-text('BẢN IN LẠI')");
  await drawn();
  await look("preview-reprint");
  theme = "light";
});

test("somebody else changes the case while its paper is looked at", async () => {
  const id = await receive("Vàng Thị Một");
  await open("Vàng Thị Một");
  await page.keyboard.press("Control+r");
  await drawn();
  const why = { reason: "Thiếu giấy chứng sinh", content: "Giấy chứng sinh", papers: [] };
  await server.call("case.request_supplement", { id, ...why }, "lan");
  await server.call("case.complete_supplement", { id, note: "Đã đủ" }, "lan");
  await page.waitForSelector("dialog [role='alert']:has-text('vừa thay đổi')");
  await look("preview-changed");
  await page.keyboard.press("Escape");
  await expect.poll(() => printed(id)).toBe(0);
});

test("a page that takes long says so, and one that fails can be printed all the same", async () => {
  const id = await receive("Mùa A Chu");
  await open("Mùa A Chu");
  let answer = (): void => undefined;
  const seen = new Promise<void>((resolve) => (answer = resolve));
  await page.route("**/rpc/document.preview", async (route) => {
    await seen;
    await route.fulfill({
      status: 422,
      contentType: "application/json",
      body: JSON.stringify({
        code: "PREVIEW_FAULT",
        message: "Không vẽ được trang này lên màn hình. Giấy vẫn in được như thường. Mời bấm In.",
      }),
    });
  });
  await page.keyboard.press("Control+r");
  await page.waitForSelector("dialog [role='status']:has-text('Đang vẽ trang 1')");
  answer();
  await page.waitForSelector("dialog [role='alert']:has-text('Giấy vẫn in được')");
  await look("preview-failed");
  await page.unroute("**/rpc/document.preview");
  await page.click("dialog button:has-text('Vẽ lại')");
  await drawn();
  await page.keyboard.press("Escape");
  await closed();

  // A printer that is away keeps the first print: that very paper is shown, without the mark.
  await server.call("print.submit", { kind: "receipt", id, printer: "tcp:127.0.0.1:1" });
  await page.waitForSelector(".drawer [role='alert']");
  await page.keyboard.press("Control+r");
  await drawn();
  await page.waitForSelector("dialog .mark:has-text('in lần đầu')");
  await page.keyboard.press("Escape");
  await closed();
  const job = (await server.call("print.jobs", {})).find((each) => each.id === id);
  await server.call("print.cancel", { job_id: job?.job_id ?? "", reason: "Đã in ở máy khác" });
});

test("at the desk, after a case is taken in", async () => {
  await server.call("visit.register", {
    service: "ho-tich",
    applicant: { kind: "individual", name: "Triệu Thị Kim Oanh", id_number: "001187004521" },
  });
  await enter(page, server, "ha", 1, "desk");
  await page.waitForSelector(".rail .rb.p:has-text('F2')");
  await page.keyboard.press("F2");
  await page.waitForSelector(".tag:has-text('Đang gọi')");
  await page.keyboard.press("F4");
  await page.waitForSelector("[role=combobox]:focus");
  // As a person types: a scanner is told by its speed, and its Enter chooses nothing.
  await page.keyboard.type("cap doi the bao hiem y te", { delay: 50 });
  await page.waitForSelector("[role=option][aria-selected=true]");
  await page.keyboard.press("Enter");
  await page.waitForSelector("[role=grid]");
  await page.keyboard.press("F9");
  await page.waitForSelector("dialog");
  await page.fill("#ground-text", "Đã có trong cơ sở dữ liệu quốc gia");
  await page.keyboard.press("F9");
  await page.waitForSelector(".result:has-text('Đã in')");
  await look("preview-desk");
  const [row] = await server.call("case.search", { text: "Triệu Thị Kim Oanh" });
  const id = row?.case_id ?? "";
  const before = await printed(id);
  await page.keyboard.press("Control+r");
  await drawn();
  await page.waitForSelector("dialog .re:has-text('BẢN IN LẠI')");
  await page.keyboard.press("Enter");
  await closed();
  await expect.poll(() => printed(id)).toBe(before + 1);
  await page.keyboard.press("F10");
});

test("lists of the books, and several receipts together", async () => {
  await receive("Nguyễn Thị Sổ");
  await receive("Nguyễn Thị Sách");
  await enter(page, server, "lan", 1, "books");
  await page.waitForSelector(".books tbody tr:has-text('Nguyễn Thị Sổ')");
  const before = await jobs();
  await page.keyboard.press("Control+r");
  await at("Trang 1/");
  await drawn();
  await look("preview-cash");
  await page.keyboard.press("Escape");
  await closed();
  await page.keyboard.press("Alt+2");
  await page.waitForSelector(".books tbody tr:has-text('Nguyễn Thị Sổ')");
  await page.keyboard.press("Control+r");
  await drawn();
  await look("preview-book");
  await expect.poll(() => jobs()).toBe(before);
  await page.keyboard.press("Enter");
  await closed();
  await expect.poll(() => jobs()).toBe(before + 1);

  await page.keyboard.press("Control+3");
  await page.fill("#case-search", "Nguyễn Thị S");
  await page.waitForSelector(".cases tbody tr:nth-child(2)");
  await page.focus(".cases tbody tr:first-child button");
  await page.keyboard.press("Space");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Space");
  await page.waitForSelector("[role='toolbar']");
  await page.click("[role='toolbar'] button:has-text('Xem trước')");
  await at("Giấy 1/2");
  await drawn();
  await look("preview-several");
  await turnTo("PageDown", "Giấy 2/2");
  await drawn();
  await turnTo("PageUp", "Giấy 1/2");
  const now = await jobs();
  await page.keyboard.press("Enter");
  await closed();
  await expect.poll(() => jobs()).toBe(now + 2);
});
