//! Who sits at the counter: opening, taking over, stepping away, moving on, signing out.
import type { Browser, Page } from "playwright-core";
import { afterEach, beforeEach, afterAll, beforeAll, expect, test } from "vitest";
import { Server, enter, expectAccessible, expectNothingClipped, launch, newPage } from "./harness.ts";

let server: Server;
let browser: Browser;
let page: Page;
let complaints: string[];
beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
});
beforeEach(async () => {
  server = await Server.demo();
  ({ page, complaints } = await newPage(browser));
});
afterEach(async () => {
  await page.context().close();
  await server.stop();
  expect(complaints).toEqual([]);
});

/** Chooses officer and counter on the start screen by their digits. */
async function signIn(officer: string, counter: string): Promise<void> {
  await page.waitForSelector("main.start");
  await page.keyboard.press(officer);
  await page.keyboard.press("Enter");
  await page.keyboard.press(counter);
  await page.waitForSelector(`input[name='counter'][value='${counter}']:checked`);
  await page.keyboard.press("Enter");
}
async function row(counter: number) {
  const { counters } = await server.call("queue.snapshot", {});
  return counters.find((each) => each.number === counter);
}
async function serving(officer: string, counter: number): Promise<string> {
  const { visit_id } = await server.call("visit.register", { service: "ho-tich" }, officer);
  await server.call("queue.call", { visit_id, counter }, officer);
  await server.call("leg.start", { visit_id }, officer);
  return visit_id;
}
async function stateOf(visit_id: string): Promise<string> {
  return (await server.call("visit.get", { visit_id })).state;
}

test("signing in opens the counter; a colleague's is taken over in plain words", async () => {
  const visit = await serving("ha", 2);
  await page.goto(`${server.url}/#token=${server.token}`);
  await signIn("2", "2");
  await page.waitForSelector("dialog:has-text('Nguyễn Thị Thanh Hà phụ trách')");
  await page.waitForSelector("dialog:has-text('A-001')");
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog", { state: "detached" });
  await page.waitForSelector("main.start");
  expect((await row(2))?.session?.officer).toBe("ha");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog");
  await page.keyboard.press("F4");
  await page.waitForSelector(".top .who:has-text('Phạm Tiến Dũng')");
  expect((await row(2))?.session?.officer).toBe("dung");
  // Whoever was being served still is, before the officer who took over.
  await page.waitForSelector(".ctr:has-text('A-001')");
  await expect.poll(() => stateOf(visit)).toBe("serving");
});

test("a break by keys: the desk says what is safe, calling or the same key ends it", async () => {
  await page.goto(`${server.url}/#token=${server.token}`);
  await signIn("2", "1");
  await page.waitForSelector(".idle:has-text('Sẵn sàng')");
  await server.call("visit.register", { service: "ho-tich" });
  await page.keyboard.press("Control+u");
  await page.waitForSelector("dialog:has-text('Tạm nghỉ bao lâu')");
  await expectAccessible(page);
  await expectNothingClipped(page);
  await page.waitForSelector("dialog input[value='15']:focus");
  await page.keyboard.press("ArrowRight");
  await page.waitForSelector("dialog input[value='30']:checked");
  await page.keyboard.press("Control+u");
  await page.waitForSelector(".idle:has-text('Tạm nghỉ từ')");
  await page.waitForSelector(".idle:has-text('1 người đang chờ giữ nguyên thứ tự')");
  await expectAccessible(page);
  await expectNothingClipped(page);
  const session = (await row(1))?.session;
  expect(session?.state).toBe("on_break");
  // By the clock on the wall and by the time that has passed: they may differ by a rounding.
  const length = Date.parse(session?.back_at ?? "") - Date.parse(session?.since ?? "");
  expect(Math.round(length / 60_000)).toBe(30);
  await page.keyboard.press("Control+u");
  await page.waitForSelector(".idle:has-text('Sẵn sàng')");
  await page.keyboard.press("Control+u");
  await page.waitForSelector("dialog");
  await page.keyboard.press("Control+u");
  await page.waitForSelector(".idle:has-text('Tạm nghỉ từ')");
  await page.keyboard.press("F2");
  await page.waitForSelector(".idle:has-text('Đang mời A-001')");
  expect((await row(1))?.session?.state).toBe("open");
});

test("signing out with somebody at the desk asks first, and never makes a success", async () => {
  const visit = await serving("dung", 1);
  await enter(page, server, "dung", 1, "desk");
  await page.keyboard.press("Control+,");
  await page.click("dialog button:has-text('Đổi cán bộ')");
  await page.waitForSelector("dialog:has-text('A-001 đang được phục vụ')");
  await expectAccessible(page);
  await expectNothingClipped(page);
  expect((await row(1))?.session?.officer).toBe("dung");
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog", { state: "detached" });
  await expect.poll(() => stateOf(visit)).toBe("serving");
  await page.keyboard.press("Control+,");
  await page.click("dialog button:has-text('Đổi cán bộ')");
  await page.waitForSelector("dialog:has-text('A-001 đang được phục vụ')");
  await page.keyboard.press("F6");
  await page.waitForSelector("main.start");
  await expect.poll(() => stateOf(visit)).toBe("held");
  expect((await row(1))?.session).toBeUndefined();
});

test("whoever was only called goes back to the old place when the counter is left", async () => {
  const { visit_id } = await server.call("visit.register", { service: "ho-tich" });
  await server.call("queue.call", { visit_id, counter: 1 }, "dung");
  await enter(page, server, "dung", 1, "desk");
  await page.waitForSelector(".idle:has-text('Đang mời A-001')");
  await page.keyboard.press("Control+u");
  await page.waitForSelector("dialog:has-text('Đang có A-001 ở quầy')");
  await page.click("dialog button:has-text('Đóng quầy')");
  await page.waitForSelector("dialog:has-text('A-001 đang được mời đến quầy')");
  await page.keyboard.press("F7");
  await page.waitForSelector(".idle:has-text('Quầy 1 chưa mở')");
  await expectNothingClipped(page);
  await expect.poll(() => stateOf(visit_id)).toBe("waiting");
  expect((await server.call("queue.snapshot", {})).waiting[0]?.ticket).toBe("A-001");
});

test("another counter without signing out; the one left is closed", async () => {
  await page.goto(`${server.url}/#token=${server.token}`);
  await signIn("2", "1");
  await page.waitForSelector(".idle:has-text('Sẵn sàng')");
  await server.call("counter.open", { counter: 3 }, "ha");
  await page.keyboard.press("Control+u");
  await page.selectOption("#seat-other", "3");
  await page.click("dialog button:has-text('Sang quầy này')");
  await page.waitForSelector("dialog:has-text('Nguyễn Thị Thanh Hà phụ trách')");
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog", { state: "detached" });
  await page.keyboard.press("Control+u");
  await page.selectOption("#seat-other", "4");
  await page.click("dialog button:has-text('Sang quầy này')");
  await page.waitForSelector(".top .who:has-text('Quầy 4')");
  await page.waitForSelector(".idle:has-text('Sẵn sàng')");
  expect((await row(1))?.session).toBeUndefined();
  expect((await row(4))?.session?.officer).toBe("dung");
});

test("the supervisor sees who sits where, and closes a counter without losing anybody", async () => {
  const visit = await serving("ha", 1);
  await server.call("counter.open", { counter: 4 }, "ha");
  await server.call("counter.open", { counter: 2 }, "dung");
  await server.call("counter.break", { counter: 2, minutes: 30, reason: "Ăn trưa" }, "dung");
  await enter(page, server, "lan", 3, "supervisor");
  await page.waitForSelector("tr:has([data-counter='1']):has-text('cũng ở quầy 4')");
  await page.waitForSelector("tr:has([data-counter='2']):has-text('Nghỉ đến')");
  await page.waitForSelector("tr:has([data-counter='3']):has-text('Chưa mở')");
  await expectAccessible(page);
  await expectNothingClipped(page);
  await page.click("[data-counter='1']");
  await page.waitForSelector("dialog:has-text('Ca hôm nay')");
  await page.waitForSelector("dialog:has-text('A-001 sẽ được tạm giữ')");
  await expectAccessible(page);
  await page.click("dialog button:has-text('Đóng quầy này')");
  await page.waitForSelector("dialog:has-text('giám sát đóng')");
  await expect.poll(() => stateOf(visit)).toBe("held");
  await page.keyboard.press("Escape");
  // The end of the day names the counters that are still open.
  await page.click("button:has-text('Đóng ngày')");
  await page.waitForSelector("dialog:has-text('Quầy chưa đóng')");
  await page.waitForSelector("dialog li:has-text('Phạm Tiến Dũng')");
  await page.click("dialog button:has-text('Đóng ngày')");
  await page.waitForSelector("dialog", { state: "detached" });
  const { shifts } = await server.call("counter.shifts", {});
  expect(shifts.map((shift) => shift.cause)).toEqual(["supervisor", "day_end", "day_end"]);
});
