//! The life of a case at the desk by keyboard alone: supplement asked for, complete, handed over,
//! result taken in, handed to a proxy; each act on record before its paper is printed.
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { branchWithReceipts, lookAt, openCase, receiveCase } from "./cases.ts";
import { type Server, newPage, scan } from "./harness.ts";

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

const receive = (name: string, more?: Parameters<typeof receiveCase>[2]) =>
  receiveCase({ server, procedure }, name, more);

const open = (name: string) => openCase(page, server, name);

/** As a person types: a scanner is told by its speed. */
const type = (page: Page, text: string) => page.keyboard.type(text, { delay: 50 });

const status = async (id: string) => (await server.call("case.get", { id })).case.status;
const printed = (id: string, document: string) =>
  server
    .call("case.get", { id })
    .then((view) => view.case.printed.filter((print) => print.document === document).length);

const look = (name: string) => lookAt(page, `${name}-${theme}`);

test.each(["light", "dark"] as const)("from reception to the hands of a proxy, %s", async (colours) => {
  theme = colours;
  await page.context().close();
  ({ page, complaints } = await newPage(browser, { width: 1280, height: 720, theme }));
  const name = colours === "light" ? "Lò Thị Mai" : "Đặng Thị Ngọc Uyển-Phương";
  const { id } = await receive(name);
  await open(name);
  await look("life-received");
  await expect.poll(() => page.locator(".drawer .papers .miss").count()).toBeGreaterThan(0);

  // More papers are asked for. Nothing is written while the reason is missing.
  await page.keyboard.press("F4");
  await page.waitForSelector("dialog[open]:has-text('Yêu cầu bổ sung')");
  await page.fill("[data-field='content']", "Sửa ngày sinh ở mục 3 của tờ khai");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog .err:has-text('lý do')");
  await expect
    .poll(() => page.evaluate(() => (document.activeElement as HTMLElement).dataset.field))
    .toBe("reason");
  await look("life-supplement-error");
  await expect.poll(() => status(id)).toBe("received");
  await type(page, "Hồ sơ thiếu giấy chứng sinh");
  await look("life-supplement");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".drawer .tag:has-text('Chờ bổ sung')");
  await expect.poll(() => status(id)).toBe("supplement_requested");
  await expect.poll(() => printed(id, "supplement")).toBe(1);
  await look("life-waiting");

  // Complete: the limit begins again, and a new receipt tells so.
  await page.keyboard.press("F4");
  await page.waitForSelector("dialog[open]:has-text('Hẹn trả mới')");
  await look("life-complete");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".drawer .tag:has-text('Được tiếp nhận')");
  await expect.poll(() => printed(id, "receipt")).toBe(1);
  // What came is there, and nothing is missing any more.
  await expect.poll(() => page.locator(".drawer .papers .miss").count()).toBe(0);
  await page.waitForSelector(".drawer .papers li:has-text('1 chính')");
  await page.locator(".drawer .papers").scrollIntoViewIfNeeded();
  await look("life-papers");

  await page.keyboard.press("F6");
  await page.waitForSelector("dialog[open] [data-field='to']");
  await type(page, "Phòng Tư pháp");
  await page.fill("[data-field='helping']", "Công an phường Bình Minh");
  await look("life-hand-over");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".drawer .tag:has-text('Đang xử lý')");
  await page.waitForSelector(".drawer:has-text('Cơ quan phối hợp: Công an phường Bình Minh')");
  await expect.poll(() => printed(id, "control")).toBe(1);

  await page.keyboard.press("F3");
  await page.waitForSelector("dialog[open] [data-field='result.number']");
  await page.fill("[data-field='result.number']", "12/2026");
  await look("life-result");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".drawer .tag:has-text('chờ trả')");

  // Somebody else comes for it: not without an authorisation.
  await page.keyboard.press("F2");
  await page.waitForSelector("dialog[open] input[value='owner']");
  await page.keyboard.press("ArrowRight");
  await page.fill("[data-field='recipient.name']", "Hoàng Văn Ký");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog .err:has-text('giấy ủy quyền')");
  await look("life-proxy-refused");
  await expect.poll(() => status(id)).toBe("done");
  await type(page, "số 12/GUQ ngày 20/11/2026, UBND phường Bình Minh");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".drawer .tag:has-text('Đã trả')");
  await expect.poll(() => status(id)).toBe("returned");
  await expect.poll(() => printed(id, "return_slip")).toBe(1);
  await page.waitForSelector(".drawer:has-text('Trả kết quả cho người được ủy quyền Hoàng Văn Ký')");
  await page.waitForSelector("text=Đã in giấy biên nhận trả kết quả");
  await look("life-returned");
});

test("the second officer is told what the first did, and loses nothing that was typed", async () => {
  const { id } = await receive("Vàng A Sử");
  await open("Vàng A Sử");
  await page.keyboard.press("F7");
  await page.waitForSelector("dialog[open] [data-field='reason']");
  await type(page, "Không thuộc thẩm quyền");
  await server.call("case.hand_over", { id, to: "Phòng Nội vụ" });
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog [role='alert']:has-text('Chuyển hồ sơ đến Phòng Nội vụ')");
  await expect.poll(() => status(id)).toBe("processing");
  await expect.poll(() => page.inputValue("[data-field='reason']")).toBe("Không thuộc thẩm quyền");
  await look("life-changed");
  // Read, and meant all the same.
  await page.keyboard.press("Enter");
  await page.waitForSelector(".drawer .tag:has-text('Đã từ chối')");
  await expect.poll(() => status(id)).toBe("refused");
});

test("an apology: what cannot be done stays in sight with its reason", async () => {
  const { id } = await receive("Giàng Thị Mỷ");
  await server.call("case.request_supplement", { id, papers: [], content: "Ký tờ khai", reason: "Chưa ký" });
  await server.call("case.complete_supplement", { id });
  await open("Giàng Thị Mỷ");
  // A second request is warned about before it is made.
  await page.keyboard.press("F4");
  await page.waitForSelector("dialog .warnline:has-text('một lần')");
  await look("life-second-request");
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog[open]", { state: "detached" });
  await page.keyboard.press("F5");
  await page.waitForSelector("dialog[open] [data-field='date']");
  await type(page, "hôm nào đó");
  await page.fill("[data-field='reason']", "Cơ quan lưu trữ chưa gửi bản xác minh");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog .err");
  await page.fill("[data-field='date']", "1/1/2027");
  await page.keyboard.press("Enter");
  // Refused by its own rule: a day off, or too late by the clock of this machine.
  await page.waitForSelector("dialog .err");
  await look("life-postpone");
  await expect.poll(() => status(id)).toBe("received");
});

test("each request for a supplement has a paper of its own, looked at and printed from the drawer", async () => {
  const { id } = await receive("Sùng Thị Chu");
  for (const content of ["Ký tờ khai", "Nộp bản sao trích lục"]) {
    await server.call("case.request_supplement", { id, papers: [], content, reason: "Còn thiếu" });
    await server.call("case.complete_supplement", { id });
  }
  await open("Sùng Thị Chu");
  await page.locator("button[aria-label='Xem trước Yêu cầu bổ sung (Mẫu 02), lần 1']").press("Enter");
  await page.waitForSelector("dialog img");
  await expect.poll(() => page.locator("dialog h2").first().innerText()).toContain("lần 1");
  await look("life-requests");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog[open]", { state: "detached" });
  const printed = async () =>
    (await server.call("print.jobs", {})).filter((job) => job.kind === "supplement").map((job) => job.part);
  await expect.poll(async () => (await printed())[0]).toBe(1);
});

test("what is scanned while a dialog is open is that dialog's, and never another case's", async () => {
  const other = await receive("Vừ Thị Khác");
  const { id } = await receive("Lầu A Đúng");
  await open("Lầu A Đúng");
  // A receipt of somebody else, while money is about to be recorded or an act half written.
  for (const [key, field] of [
    ["F7", "reason"],
    ["Control+m", ""],
  ] as const) {
    await page.keyboard.press(key);
    await page.waitForSelector("dialog[open]:has-text('Lầu A Đúng')");
    // Where the keys are in no field.
    await page.locator("dialog[open] button").last().focus();
    await scan(page, other.code);
    await page.waitForSelector("dialog[open] [role='status']:has-text('Mã vừa quét không dùng được')");
    await expect.poll(() => page.locator("dialog[open]").innerText()).toContain("Lầu A Đúng");
    if (field) await expect.poll(() => page.inputValue(`[data-field='${field}']`)).toBe("");
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog[open]", { state: "detached" });
  }
  // With none open it is that case.
  await scan(page, other.code);
  await page.waitForSelector(".drawer:has-text('Vừ Thị Khác')");
  await scan(page, (await server.call("case.get", { id })).case_code);
  await page.waitForSelector(".drawer:has-text('Lầu A Đúng')");
  await server.call("case.receive_result", { id, result: {} });
  await page.waitForSelector(".drawer .tag:has-text('chờ trả')");
  // The card of whoever came for the result fills the form, the number of the parcel its field.
  await page.keyboard.press("F2");
  await page.waitForSelector("dialog[open] input[value='owner']");
  const card = "025054000912|012345678|Hoàng Văn Ký|06031954|Nam|Thôn Nà Lạn, xã Bình Minh, Lào Cai|01012022";
  await scan(page, card);
  await expect.poll(() => page.inputValue("[data-field='recipient.name']")).toBe("Hoàng Văn Ký");
  await expect.poll(() => page.inputValue("[data-field='recipient.id_number']")).toBe("025054000912");
  await page.focus("[data-field='recipient.authorisation']");
  await type(page, "Giấy ủy quyền số 3");
  await scan(page, card);
  await expect
    .poll(() => page.inputValue("[data-field='recipient.authorisation']"))
    .toBe("Giấy ủy quyền số 3");
  await look("life-card");
  await page.check("dialog[open] input[value='post']");
  await scan(page, "EE123456789VN");
  await expect.poll(() => page.inputValue("[data-field='recipient.waybill']")).toBe("EE123456789VN");
  await page.fill("[data-field='recipient.address']", "Bản Mế, xã Bình Minh");
  await page.focus("[data-field='recipient.address']");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".drawer .tag:has-text('Đã trả')");
});

test("an electronic result is not handed over against an identity card; the number is the present one", async () => {
  const { id } = await receive("Hoàng Thị Điện", { return_method: "online" });
  await server.call("case.set_contact", { id, consent: "agreed", phone: "0987654321" });
  await server.call("case.receive_result", { id, result: {} });
  await open("Hoàng Thị Điện");
  await page.waitForSelector(".drawer h2 + p:has-text('0987•••321')");
  await expect.poll(() => page.locator(".drawer").innerText()).not.toContain("0912•••678");
  await page.keyboard.press("F2");
  await page.waitForSelector("dialog:has-text('bản điện tử')");
  await expect.poll(() => page.locator("dialog").innerText()).not.toContain("giấy tờ tùy thân");
  await look("life-electronic");
});
