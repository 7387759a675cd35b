//! Reception when a service gives no numbers, when numbers are torn from a roll, and for a family.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Server, enter, expectAccessible, expectNothingClipped, launch, newPage } from "./harness.ts";

let server: Server;
let browser: Browser;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  server = await Server.demo();
  browser = await launch();
  await server.call("printer.assign", { kind: "ticket", printer: `folder:${server.papers}` });
  const { branch } = await server.call("branch.get", {}, "quan-tri");
  const [first, ...rest] = branch.services;
  if (!first) throw new Error("no services");
  const services = [{ ...first, roll: { series: "A" } }, ...rest];
  await server.call("branch.configure", { branch: { ...branch, services } }, "quan-tri");
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});
beforeEach(async () => {
  await arrive();
  return leave;
});

async function arrive(): Promise<void> {
  ({ page, complaints } = await newPage(browser, { width: 1280, height: 720 }));
}
async function leave(): Promise<void> {
  await page.context().close();
  expect(complaints).toEqual([]);
}
/** Somebody else at another screen. */
async function next(): Promise<void> {
  await leave();
  await arrive();
}
async function reception(officer: string): Promise<void> {
  await enter(page, server, officer, 4, "reception");
  await page.waitForSelector(".sv");
}
const newest = async () => (await server.call("queue.snapshot", {})).recent[0];

describe("who still gets a number", () => {
  test("the slip in hand is recorded: typed once in the morning, then by one key", async () => {
    await reception("khoi");
    await page.keyboard.press("1");
    await page.waitForSelector(".roll");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".roll .err:has-text('Mời gõ số trên phiếu')");
    await page.fill("#paper-number", "457");
    await expectAccessible(page);
    await expectNothingClipped(page);
    await page.keyboard.press("Enter");
    await page.waitForSelector("footer .said:has-text('Đã ghi số giấy A-457')");
    await page.keyboard.press("1");
    await page.waitForSelector("#paper-note:has-text('458')");
    await page.keyboard.press("Enter");
    await page.waitForSelector("footer .said:has-text('A-458')");
    expect((await newest())?.paper).toBe(true);
    expect(server.printed()).toEqual([]);
    // The same slip again is refused with who and when, beside the field.
    await page.keyboard.press("1");
    await page.fill("#paper-number", "457");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".roll .err:has-text('đã được ghi lúc')");
    // Far ahead: a number typed wrongly, or a reason.
    await page.fill("#paper-number", "499");
    await page.waitForSelector("#paper-note:has-text('Bỏ qua 40 số (459–498)')");
    await page.keyboard.press("Enter");
    await page.fill("#skip-reason", "cuộn bị ướt");
    await page.keyboard.press("Enter");
    await page.waitForSelector("footer .said:has-text('A-499')");
  });

  test("a family's cases go with the number", async () => {
    await reception("khoi");
    await page.keyboard.press("2");
    await page.click("[aria-label='Thêm một hồ sơ']");
    await page.click("[aria-label='Thêm một hồ sơ']");
    await page.click("[aria-label='Thêm một người']");
    await page.click(".btn.p");
    await page.waitForSelector("footer .said:has-text('Đã cấp số')");
    const row = await newest();
    expect([row?.service, row?.quantity, row?.party_size]).toEqual(["noi-vu", 3, 2]);
    await next();
    await enter(page, server, "ha", 1, "desk");
    await page.waitForSelector(".q:has-text('3 hồ sơ')");
  });

  test("a stopped service says so; a supervisor goes on with a reason, others do not", async () => {
    await server.call("queue.issuing", { service: "noi-vu", open: false });
    await reception("khoi");
    await page.waitForSelector(".sv[aria-disabled='true'] .shut:has-text('Đã ngừng phát số')");
    await expectAccessible(page);
    await page.keyboard.press("2");
    await page.waitForSelector("footer .said:has-text('hỏi giám sát')");
    await page.keyboard.press("2");
    await expect.poll(() => page.locator("dialog[open]").count()).toBe(0);
    await next();
    await reception("lan");
    await page.keyboard.press("2");
    await page.waitForSelector("footer .said:has-text('bấm lần nữa')");
    await page.keyboard.press("2");
    await page.waitForSelector("dialog[open]");
    await expectAccessible(page);
    await page.fill("dialog [data-field=reason]", "cụ già, về xa");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".sv[aria-checked='true']:has-text('Nội vụ')");
    await page.click(".btn.p");
    await page.waitForSelector("footer .said:has-text('Đã cấp số')");
    const row = await newest();
    const log = await server.call("visit.log", { visit_id: row?.visit_id ?? "" });
    expect(log[0]?.text).toContain("cụ già, về xa");
    await server.call("queue.issuing", { service: "noi-vu", open: true });
  });

  test("a supervisor stops everything at one press and resumes it at another", async () => {
    await enter(page, server, "lan", 1, "supervisor");
    await page.click("button:has-text('Ngừng phát số mọi việc')");
    await page.waitForSelector("button:has-text('Phát số lại mọi việc')");
    const { services } = await server.call("queue.snapshot", {});
    expect(services.every((each) => each.shut?.why === "stopped")).toBe(true);
    await expectAccessible(page);
    await page.click("button:has-text('Phát số lại mọi việc')");
    await page.waitForSelector("button:has-text('Ngừng phát số mọi việc')");
  });
});
