//! The supervisor by keys: figures open to visits and visits to events; somebody let through with
//! a reason that is recorded; the chart of the day says what it draws.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { QueueWatchAnswer } from "../src/lib/gen/QueueWatchAnswer.ts";
import { Server, enter, expectAccessible, expectNothingClipped, launch, newPage } from "./harness.ts";

let server: Server;
let browser: Browser;
let page: Page;
let complaints: string[];
const tickets: string[] = [];
let last = "";

beforeAll(async () => {
  server = await Server.demo();
  browser = await launch();
  for (let i = 0; i < 13; i++) {
    const { ticket, visit_id } = await server.call("visit.register", {
      service: "ho-tich",
      applicant: { kind: "individual", name: `Bùi Thị Hường ${i}` },
    });
    tickets.push(ticket);
    last = visit_id;
  }
  for (let i = 0; i < 9; i++) {
    const called = await server.call("queue.call_next", { counter: 2 }, "dung");
    if (!called) throw new Error("nobody waits");
    await server.call("leg.start", { visit_id: called.visit_id }, "dung");
    if (i < 8) await server.call("leg.finish", { visit_id: called.visit_id }, "dung");
  }
  const { waiting } = await server.call("queue.snapshot", {});
  await server.call("leg.leave", { visit_id: waiting[0]?.visit_id ?? "" });
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

const said = (text: string) => page.waitForSelector(`footer .said:has-text("${text}")`);
const dialogs = (n: number) =>
  page.waitForFunction((wanted) => document.querySelectorAll("dialog[open]").length === wanted, n);
const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? "");

describe("supervisor", () => {
  test("a figure opens to its visits, a visit to what happened, and Esc leads back step by step", async () => {
    await enter(page, server, "lan", 1, "supervisor");
    await page.waitForSelector(".kpi b:not(:text('–'))");
    await page.keyboard.press("Control+ArrowDown");
    await page.waitForSelector(".kpi button:focus");
    await page.keyboard.press("ArrowRight");
    await page.waitForSelector(".kpi button:nth-child(2):focus");
    // One tab stop for all the figures.
    await expect.poll(() => page.locator(".kpi button[tabindex='0']").count()).toBe(1);
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog [data-visit]");
    await expect.poll(() => page.locator("dialog [data-visit]").count()).toBe(9);
    await expectAccessible(page);
    await page.keyboard.press("Shift+Tab");
    const ticket = await focused();
    expect(tickets).toContain(ticket);
    await page.keyboard.press("ArrowDown");
    await expect.poll(() => focused()).not.toBe(ticket);
    const chosen = await focused();
    await page.keyboard.press("Enter");
    await dialogs(2);
    await page.waitForSelector(`dialog:has-text("Lượt ${chosen}") li:has-text("Bắt đầu phục vụ")`);
    await expectAccessible(page);
    await page.keyboard.press("Escape");
    await dialogs(1);
    await expect.poll(() => focused()).toBe(chosen);
    await page.keyboard.press("Escape");
    await dialogs(0);
    await page.waitForSelector(".kpi button:nth-child(2):focus");

    // Those who left, and those who never came, stand in two lists of their own.
    await page.keyboard.press("End");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog:has-text('Về trước khi được phục vụ') [data-visit]");
    await expect.poll(() => page.locator("dialog [data-visit]").count()).toBe(1);
    await page.waitForSelector("dialog:has-text('Không có lượt nào')");
    await page.keyboard.press("Escape");
    await dialogs(0);

    // A desk opens to the visit before it.
    await page.click("[data-counter='2']");
    await page.waitForSelector("dialog [data-visit]");
    await page.waitForSelector("dialog:has-text('Phạm Tiến Dũng')");
    await page.keyboard.press("Escape");
    await dialogs(0);
    await page.waitForSelector("[data-counter='2']:focus");
  });

  test("what people were told stands beside what they waited, and each count opens to its visits", async () => {
    await enter(page, server, "lan", 1, "supervisor");
    await page.waitForSelector(".kpi b:not(:text('–'))");
    const { estimates } = await server.call("day.figures", {});
    expect(estimates.all.of).toBeGreaterThanOrEqual(8);
    const tile = page.locator(".kpi button:has-text('Báo giờ đúng')");
    await expect.poll(() => tile.innerText()).toContain(`${estimates.all.percent}%`);
    await tile.focus();
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog tbody tr.all");
    await expectAccessible(page);
    await page.focus("dialog [data-promise='promise_kept.']");
    await page.keyboard.press("Enter");
    await dialogs(2);
    await page.waitForSelector("dialog [data-visit]");
    await expect
      .poll(() => page.locator("dialog >> nth=1 >> [data-visit]").count())
      .toBe(estimates.all.inside);
    await expectAccessible(page);
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog li:has-text('báo chờ')");
    for (const left of [2, 1, 0]) {
      await page.keyboard.press("Escape");
      await dialogs(left);
    }
  });

  test("a wait passes into the list of what needs a person by time alone, without another question", async () => {
    let asked = 0;
    await page.route("**/rpc/queue.watch", async (route) => {
      asked += 1;
      const response = await route.fetch();
      const body = (await response.json()) as QueueWatchAnswer;
      // The first mark of everybody lies two seconds ahead.
      const soon = new Date(Date.parse(body.now) + 2_000).toISOString();
      const notices = body.notices.map((notice) =>
        notice.kind === "wait_near" ? { ...notice, from: soon } : notice,
      );
      await route.fulfill({ response, json: { ...body, notices } });
    });
    await enter(page, server, "lan", 1, "supervisor");
    await page.waitForSelector(".wait [data-visit]");
    await expect.poll(() => page.locator("[data-alert=near]").count()).toBe(0);
    const before = asked;
    await page.waitForSelector("[data-alert=near]:has-text('sắp chờ quá')");
    expect(asked).toBe(before);
    await page.focus("[data-alert=near] button");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog [data-visit]");
  });

  test("somebody is let through by keys, only with a reason, and the reason is in the log", async () => {
    await enter(page, server, "lan", 1, "supervisor");
    await page.waitForSelector(".wait [data-visit]");
    // Nobody chosen yet: the key says what to do.
    await page.keyboard.press("F2");
    await said("Chọn một số đang chờ");
    await page.keyboard.press("Control+ArrowDown");
    await page.keyboard.press("Control+ArrowDown");
    await page.waitForSelector(".wait [data-visit]:focus");
    await page.keyboard.press("End");
    await page.waitForSelector(`.wait [data-visit="${last}"]:focus`);
    await page.keyboard.press("F2");
    await page.waitForSelector("#jump-reason:focus");
    await expectAccessible(page);
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog .err:has-text('Mời nêu lý do trước')");
    await page.keyboard.type("Ốm mệt, không chờ được");
    await page.keyboard.press("F2");
    await said("vào trước, lý do được ghi lại");
    await dialogs(0);
    await page.waitForSelector(`.wait [data-visit="${last}"]:focus`);
    const { waiting } = await server.call("queue.snapshot", {});
    expect(waiting[0]?.visit_id).toBe(last);
    const log = await server.call("visit.log", { visit_id: last });
    expect(log.at(-1)?.text).toContain("Ốm mệt, không chờ được");
    // From within the visit too; Esc changes nothing.
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog li:has-text('Ốm mệt')");
    await page.keyboard.press("F2");
    await page.waitForSelector("#jump-reason:focus");
    await page.keyboard.press("Escape");
    await dialogs(1);
  });

  test("an officer who is no supervisor reads, and is told why no more", async () => {
    await enter(page, server, "ha", 1, "supervisor");
    await page.waitForSelector(".wait [data-visit]");
    await page.focus(".wait [data-visit]");
    await page.keyboard.press("F2");
    await said("Chỉ giám sát ca cho vào trước");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog button[aria-disabled=true]:has-text('Cho vào trước')");
    await page.waitForSelector("dialog:has-text('Chỉ giám sát ca cho vào trước')");
    await expect(server.call("queue.jump", { visit_id: last, reason: "thử" }, "ha")).rejects.toThrow(
      "NOT_ALLOWED",
    );
  });

  test("the chart says what it draws, and its figures are those of the day", async () => {
    await enter(page, server, "lan", 1, "supervisor");
    await page.waitForSelector(".chart svg[role=img] .bar");
    const day = await server.call("day.figures", {});
    const served = day.by_half_hour.reduce((n, slot) => n + slot.served, 0);
    expect(served).toBe(day.served);
    await expect
      .poll(() => page.getAttribute(".chart svg[role=img]", "aria-label"))
      .toContain("Thời gian chờ theo nửa giờ");
    await expect.poll(() => page.locator(".chart .target").count()).toBe(2);
    await expect.poll(() => page.locator(".chart .vh tbody tr").count()).toBe(day.by_half_hour.length);
    await page.focus(".chart button");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog tbody tr");
    const cells = await page.locator("dialog tbody tr td:nth-child(2)").allInnerTexts();
    expect(cells.map(Number)).toEqual(day.by_half_hour.map((slot) => slot.served));
    await expectAccessible(page);
    await page.keyboard.press("Escape");
    await dialogs(0);
    await page.waitForSelector(".chart button:focus");
  });

  test.each([
    { width: 1280, height: 720, theme: "dark" as const },
    { width: 1366, height: 768, theme: "light" as const },
  ])("is read by everybody at $width × $height, $theme", async (look) => {
    const other = await newPage(browser, look);
    const at = other.page;
    await enter(at, server, "lan", 1, "supervisor");
    await at.waitForSelector(".chart .bar");
    await at.waitForSelector(".wait [data-visit]");
    await expectNothingClipped(at);
    await expectAccessible(at);
    for (const opener of [".kpi button", ".wait [data-visit]", "[data-counter]", ".chart button"]) {
      await at.focus(opener);
      await at.keyboard.press("Enter");
      await at.waitForSelector("dialog[open] :focus");
      await expectAccessible(at);
      await at.keyboard.press("Escape");
      await at.waitForSelector("dialog", { state: "detached" });
      await expect.poll(() => at.evaluate((css) => document.activeElement?.matches(css), opener)).toBe(true);
    }
    await at.context().close();
    expect(other.complaints).toEqual([]);
  });
});
