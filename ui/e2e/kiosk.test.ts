//! The self-service terminal in a browser, by touch and by keys, and the ways out that are none.
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Server, enter, expectAccessible, expectNothingClipped, launch, newPage, scan } from "./harness.ts";

const card = "025054000912|012345678|Hoàng Văn Ký|06031954|Nam|Thôn Nà Lạn, xã Bình Minh, Lào Cai|01012022";
const code = "274915";
let server: Server;
let browser: Browser;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  server = await Server.demo();
  browser = await launch();
  await server.call("printer.assign", { kind: "ticket", printer: `folder:${server.papers}` });
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});
beforeEach(async () => {
  await server.call("kiosk.enter", { code });
  ({ page, complaints } = await newPage(browser, { width: 1280, height: 720 }));
});
afterEach(async () => {
  await page.context().close();
  expect(complaints).toEqual([]);
});

async function open(): Promise<void> {
  await page.goto(server.kioskUrl);
  await page.waitForSelector(".tile");
}
async function type(digits: string): Promise<void> {
  for (const digit of digits) await page.click(`.pad .k:text-is("${digit}")`);
}
const waiting = async () => (await server.call("queue.snapshot", {})).waiting;

describe("kiosk", () => {
  test("a known service is two presses, and the ticket is printed", async () => {
    await open();
    const before = server.printed().length;
    const { length } = await waiting();
    await page.click(".tile:has-text('Nội vụ')");
    await page.click(".go");
    await page.waitForSelector(".number");
    const rows = await waiting();
    expect(rows).toHaveLength(length + 1);
    const ticket = await page.innerText(".number");
    expect(rows.some((row) => row.ticket === ticket && row.name === undefined)).toBe(true);
    await page.waitForSelector(".paper:has-text('Mời lấy phiếu')");
    expect(server.printed().length).toBe(before + 1);
    await expectAccessible(page);
    await page.click(".go");
    await page.waitForSelector(".tile");
  });

  test("a card greets without its name, suggests priority and stands in the visit", async () => {
    await open();
    await scan(page, card);
    await page.waitForSelector(".hello:has-text('H. V. Ký')");
    expect(await page.content()).not.toContain("Hoàng");
    await page.click(".tile:has-text('Hộ tịch')");
    await page.waitForSelector("[role='radio'][aria-checked='true']:has-text('Người cao tuổi')");
    await page.waitForSelector(".note:has-text('Cán bộ sẽ xem giấy tờ')");
    await expectAccessible(page);
    await expectNothingClipped(page);
    await page.click(".go");
    const ticket = await page.innerText(".number");
    const row = (await waiting()).find((each) => each.ticket === ticket);
    expect([row?.name, row?.class, row?.claimed]).toEqual(["Hoàng Văn Ký", "elderly", true]);
  });

  test("keys do it too: a digit, then Enter", async () => {
    await open();
    const { length } = await waiting();
    await page.keyboard.press("4");
    await page.waitForSelector(".go:focus");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".number:has-text('D-')");
    await expect.poll(() => waiting()).toHaveLength(length + 1);
  });

  test("every target is large enough for a finger, in both languages", async () => {
    await open();
    for (const screen of ["first", "confirm", "keypad"]) {
      if (screen === "confirm") await page.click(".tile:has-text('Hộ tịch')");
      if (screen === "keypad") await page.click("header .k:last-child");
      const small = await page.$$eval("button", (buttons) =>
        buttons
          .map((button) => button.getBoundingClientRect())
          .filter((box) => box.width < 60 || box.height < 60)
          .map((box) => `${box.width}×${box.height}`),
      );
      expect(small, screen).toEqual([]);
      await expectAccessible(page);
      await expectNothingClipped(page);
    }
    await page.click(".k:text-is('Quay lại')");
    await page.click("header .k:text-is('English')");
    await page.waitForSelector("h1:text-is('What are you here for?')");
    await expect.poll(() => page.getAttribute("html", "lang")).toBe("en");
  });

  test("whoever goes away is forgotten: card, choice and language", async () => {
    await page.clock.install();
    await open();
    await page.click("header .k:text-is('English')");
    await scan(page, card);
    await page.waitForSelector(".hello");
    await page.click(".tile:has-text('Hộ tịch')");
    await page.clock.runFor(31_000);
    await page.waitForSelector("footer:has-text('seconds')");
    // Whoever reads slowly asks for more.
    await page.click("footer .k");
    await page.clock.runFor(31_000);
    await page.waitForSelector(".go");
    await page.clock.runFor(16_000);
    await page.waitForSelector("h1:text-is('Mời chọn việc cần làm')");
    await expect.poll(() => page.locator(".hello").count()).toBe(0);
  });

  test("a closed service says when it opens again and cannot be chosen", async () => {
    await server.call("queue.issuing", { service: "khoa-hoc", open: false });
    await open();
    await page.waitForSelector(".tile[aria-disabled='true']:has-text('Đã ngừng phát số'):has-text('Mở lại')");
    await page.click(".tile:has-text('Khoa học')", { force: true });
    await page.keyboard.press("3");
    // A digit waits a moment, for it may begin a scan. The next one tells that it chose nothing.
    await page.keyboard.press("4");
    await page.waitForSelector("h1:has-text('Nhận kết quả')");
    await page.click("button:has-text('Quay lại')");
    await server.call("queue.issuing", { service: "khoa-hoc", open: true });
    await page.waitForSelector(".tile:not([aria-disabled='true']):has-text('Khoa học')", { timeout: 20_000 });
  });

  test("a dead printer is said plainly, and the number stands large", async () => {
    await server.call("printer.assign", { kind: "ticket", printer: "tcp:127.0.0.1:9" });
    await open();
    await page.click(".tile:has-text('Hướng dẫn')");
    await page.click(".go");
    await page.waitForSelector(".paper.bad:has-text('Số đã được giữ')", { timeout: 20_000 });
    await expectAccessible(page);
    const ticket = await page.innerText(".number");
    expect((await waiting()).some((row) => row.ticket === ticket)).toBe(true);
    await server.call("printer.assign", { kind: "ticket", printer: `folder:${server.papers}` });
  });

  test("it is left by the code and by nothing else; wrong codes end in a wait", async () => {
    await open();
    await page.click("header .k:last-child");
    await type("0000");
    await page.click(".pad .ok");
    await page.waitForSelector(".wrong:has-text('Còn 4 lần thử')");
    await type(code);
    await page.click(".pad .ok");
    await page.waitForSelector("h1:has-text('Máy chưa ở chế độ tự phục vụ')");
    await expect.poll(() => page.locator("header .k").count()).toBe(0);
    // Turned on again, the open page is a terminal again.
    await server.call("kiosk.enter", { code });
    await page.waitForSelector(".tile");
    await page.click("header .k:last-child");
    for (let i = 0; i < 5; i++) {
      await type("1111");
      await page.click(".pad .ok");
      await page.waitForSelector(
        i < 4 ? `.wrong:has-text('Còn ${4 - i} lần')` : ".wrong:has-text('Thử lại được sau')",
      );
    }
    await type(code);
    await page.click(".pad .ok");
    await page.waitForSelector(".wrong:has-text('Thử lại được sau')");
    await page.click(".k:text-is('Quay lại')");
    await page.waitForSelector(".tile");
    await server.call("kiosk.leave", {});
  });

  test("a supervisor turns it on from the settings, and the officer's page is gone", async () => {
    await server.call("kiosk.leave", {});
    await enter(page, server, "lan", 1, "supervisor");
    await page.keyboard.press("Control+,");
    await page.fill("#kiosk-code", code);
    await page.fill("#kiosk-again", "1234");
    await page.click("button:has-text('Bật chế độ tự phục vụ')");
    await page.waitForSelector("text=Hai lần nhập mã khác nhau");
    await page.fill("#kiosk-again", code);
    await page.click("button:has-text('Bật chế độ tự phục vụ')");
    await page.waitForSelector(".tile");
    expect(page.url()).toContain("/kiosk.html");
    await expect.poll(() => page.evaluate(() => sessionStorage.length)).toBe(0);
  });
});
