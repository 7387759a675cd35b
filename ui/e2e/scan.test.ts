//! Scanning at the desk by keyboard alone, on SANE's own test device (Debian's sane-utils): pages
//! turned, ordered, dropped, given to a paper; a jam; a watched folder; a program killed between the
//! file and the event; and a paper that is not asked for again.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import {
  Server,
  enter,
  expectAccessible,
  expectNothingClipped,
  launch,
  newPage,
  picture,
} from "./harness.ts";

const sane = mkdtempSync(path.join(tmpdir(), "motcua-sane-"));
let server: Server;
let browser: Browser;
let page: Page;
let complaints: string[];
let procedure: string;
const NUMBER = "001190000001";

/** SANE with nothing but its test device, which answers reading with `status`. */
function scanner(status: string): void {
  writeFileSync(path.join(sane, "dll.conf"), "test\n");
  writeFileSync(
    path.join(sane, "test.conf"),
    [
      "number_of_devices 1",
      "mode Gray",
      "depth 8",
      "resolution_min 1.0",
      "resolution_max 1200.0",
      "resolution_quant 1.0",
      "resolution 50.0",
      'test-picture "Grid"',
      "enable-test-options true",
      `read-status-code "${status}"`,
      "geometry_min 0.0",
      "geometry_max 300.0",
      "geometry_quant 1.0",
      "tl_x 0.0",
      "tl_y 0.0",
      "br_x 148.0",
      "br_y 210.0",
      "",
    ].join("\n"),
  );
}

beforeAll(async () => {
  process.env.SANE_CONFIG_DIR = sane;
  scanner("Default");
  server = await Server.demo();
  browser = await launch();
  const hits = await server.call("catalogue.search", { text: "khai sinh" });
  procedure = hits[0]?.code ?? "";
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
  rmSync(sane, { recursive: true, force: true });
});
beforeEach(async () => {
  scanner("Default");
  ({ page, complaints } = await newPage(browser, { width: 1280, height: 720 }));
});
afterEach(async () => {
  await page.context().close();
  expect(complaints).toEqual([]);
});

async function receive(name: string): Promise<string> {
  const answer = await server.call("case.receive", {
    procedure_code: procedure,
    applicant: { kind: "individual", name, id_number: NUMBER, phone: "0912345678" },
    papers: [],
    missing_ground: "Công dân bổ sung sau",
  });
  return answer.case_id;
}

async function open(name: string, officer = "ha"): Promise<void> {
  await enter(page, server, officer, 1, "cases");
  await page.fill("#case-search", name);
  await page.waitForSelector(`.cases tbody tr:first-child:has-text('${name}')`);
  await page.keyboard.press("Enter");
  await page.waitForSelector(`.drawer:has-text('${name}')`);
  await page.keyboard.press("Control+B");
  await page.waitForSelector("dialog[open]:has-text('Quét giấy tờ, hồ sơ')");
}

async function look(name: string): Promise<void> {
  await expectAccessible(page);
  await expectNothingClipped(page);
  await picture(page, name);
}

const pages = () => page.locator("dialog [role=option]").count();
const files = async (id: string) => (await server.call("case.get", { id })).case.attachments ?? [];

test("a scanner is chosen, a pile scanned, and its pages become papers", async () => {
  const id = await receive("Lò Thị Mai");
  await open("Lò Thị Mai");
  await page.waitForSelector("dialog .empty");
  // There is no result yet, so nothing becomes a file of one.
  await page.waitForSelector("dialog label:has-text('chưa có kết quả') input[value=result]:disabled");
  await look("scan-empty");

  // Without a scanner the officer is told what to do.
  await page.keyboard.press("F2");
  await page.waitForSelector("text=Chưa chọn máy quét cho máy này");
  await page.keyboard.press("F10");
  await page.waitForSelector("dialog[open] label:has-text('frontend-tester')");
  await look("scan-setup");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog .dev:has-text('frontend-tester')");

  await page.keyboard.press("F2");
  await expect.poll(pages).toBe(1);
  // The page is there before the scanner has come to rest.
  await page.waitForSelector("dialog .work", { state: "detached" });
  await page.keyboard.press("F3");
  // Ten are in the test device's feeder.
  await expect.poll(pages, { timeout: 30_000 }).toBe(11);
  await page.waitForFunction(() => document.querySelectorAll("dialog [role=option] img").length >= 11);
  await expect.poll(() => page.locator("dialog .work").count(), { timeout: 30_000 }).toBe(0);

  // Turn the second page, move it to the front, leave two out, throw the last one away.
  await page.locator("dialog [role=option][tabindex='0']").focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("F6");
  await page.waitForSelector("dialog [role=option][aria-selected=true][aria-label*='xoay 90']");
  await page.keyboard.press("F7");
  await page.waitForSelector("dialog [role=option]:first-child:focus[aria-label*='xoay 90']");
  // The page that is moved keeps the keys, either way.
  await page.keyboard.press("F8");
  await page.waitForSelector("dialog [role=option]:nth-child(2):focus[aria-label*='xoay 90']");
  await page.keyboard.press("F7");
  await page.waitForSelector("dialog [role=option]:first-child:focus[aria-label*='xoay 90']");
  await page.keyboard.press("End");
  await page.waitForSelector("dialog [role=option]:last-child:focus");
  await page.keyboard.press("Delete");
  await expect.poll(pages).toBe(10);
  await page.locator("dialog [role=option][aria-selected=true]").focus();
  await page.keyboard.press("Space");
  await page.waitForSelector("dialog [role=option].out");
  await page.waitForSelector("dialog button:has-text('Gắn 9 trang')");
  await look("scan-pages");

  await page.keyboard.press("F9");
  await expect.poll(async () => (await files(id)).length).toBe(1);
  await expect.poll(pages).toBe(1);
  // The page that was left out is next, and has the keys.
  await page.waitForSelector("dialog [role=option]:focus");
  const [file] = await files(id);
  expect(file?.blob.pages).toBe(9);
  expect(file?.origin).toBe("digitised");
  expect(file?.paper).toEqual({ to: "paper", index: expect.any(Number) as number });
  await page.keyboard.press("Delete");
  await page.waitForSelector("dialog .empty");
  await page.waitForSelector("dialog button:has-text('Quét một trang'):focus");
  await page.keyboard.press("Escape");
  await page.waitForSelector(`.drawer:has-text('${file?.code}')`);
  await page.locator(".drawer ul[aria-label='Tệp giấy tờ']").scrollIntoViewIfNeeded();
  await look("scan-drawer");
}, 90_000);

test("a jam and a broken file are told; what came before is kept", async () => {
  const data = path.join(server.dir, "quet");
  mkdirSync(data, { recursive: true });
  await server.call("scan.folder", { path: data });
  await server.call("scan.setup", { device: "test:0", device_name: "Noname frontend-tester" });
  await receive("Vàng A Sử");
  await open("Vàng A Sử");
  await page.keyboard.press("F2");
  await expect.poll(pages).toBe(1);
  await page.waitForSelector("dialog .work", { state: "detached" });
  scanner("SANE_STATUS_JAMMED");
  await page.keyboard.press("F2");
  await page.waitForSelector("dialog .err:has-text('kẹt giấy')");
  writeFileSync(path.join(data, "may-quet-0001.pdf"), "%PDF-1.4\nkhông phải tệp thật\n%%EOF\n");
  await page.waitForSelector("dialog .warnline:has-text('may-quet-0001.pdf')", { timeout: 60_000 });
  await expect.poll(() => pages()).toBe(1);
  await look("scan-jam");
  // However many files are set aside, the page and what is done with it stay in sight.
  for (let i = 2; i <= 20; i++)
    writeFileSync(path.join(data, `may-quet-${String(i).padStart(4, "0")}.pdf`), "%PDF-1.4\nhỏng\n%%EOF\n");
  await page.waitForSelector("dialog summary:has-text('và 17 tệp khác')", { timeout: 60_000 });
  await look("scan-aside");
  const inSight = () =>
    page.locator("dialog").evaluate((dialog) => {
      const room = dialog.querySelector(".scroll")?.getBoundingClientRect();
      const picture = dialog.querySelector("[role=option]")?.getBoundingClientRect();
      const turn = [...dialog.querySelectorAll("button")].find((each) => each.innerText.includes("Xoay"));
      const box = turn?.getBoundingClientRect();
      const below = box && document.elementFromPoint(box.left + 5, box.bottom - 3);
      return !!room && !!picture && picture.bottom <= room.bottom && turn?.contains(below ?? null);
    });
  await expect.poll(() => inSight()).toBe(true);
  await page.click("dialog summary");
  await look("scan-aside-open");
  await expect.poll(() => inSight()).toBe(true);
  rmSync(data, { recursive: true });
  await page.waitForSelector("dialog .warnline:has-text('Không mở được thư mục quét')");
  await server.call("scan.folder", {});
}, 150_000);

test("killed between the file and the event: the pages still wait, and nothing is half there", async () => {
  const id = await receive("Đặng Thị Ngọc Uyển-Phương");
  await server.call("scan.setup", { device: "test:0", device_name: "Noname frontend-tester" });
  await server.call("scan.start", { case_id: id, source: "flatbed" });
  const waiting = async () => (await server.call("scan.get", { case_id: id })).pages;
  await expect.poll(async () => (await waiting()).filter((each) => each.case_id === id).length).toBe(1);
  const before = (await waiting()).map((each) => each.id);
  const mine = (await waiting()).filter((each) => each.case_id === id).map((each) => each.id);
  const blob = await server.call("scan.bind", { case_id: id, pages: mine });
  await server.end();
  await server.start();
  expect((await waiting()).map((each) => each.id)).toEqual(before);
  await expect.poll(() => files(id)).toEqual([]);
  const again = await server.call("scan.bind", { case_id: id, pages: mine });
  expect(again).toEqual(blob);
  await server.call("case.attach", { id, paper: { to: "other", name: "Giấy chứng sinh" }, blob: again });
  expect((await waiting()).some((each) => each.case_id === id)).toBe(false);
});

test("a paper given before is taken over with one key", async () => {
  const first = await receive("Hoàng Văn Ký");
  await server.call("scan.start", { case_id: first, source: "flatbed" });
  const waiting = async () =>
    (await server.call("scan.get", { case_id: first })).pages.filter((each) => each.case_id === first);
  await expect.poll(async () => (await waiting()).length).toBe(1);
  const blob = await server.call("scan.bind", {
    case_id: first,
    pages: (await waiting()).map((each) => each.id),
  });
  const view = await server.call("case.attach", { id: first, paper: { to: "paper", index: 0 }, blob });

  const visit = await server.call("visit.register", {
    service: "ho-tich",
    applicant: { kind: "individual", name: "Hoàng Văn Ký", id_number: NUMBER, phone: "0912345678" },
  });
  await server.call("counter.open", { counter: 1 }, "ha");
  await server.call("queue.call", { visit_id: visit.visit_id, counter: 1 }, "ha");
  await server.call("leg.start", { visit_id: visit.visit_id }, "ha");
  await enter(page, server, "ha", 1, "desk");
  await page.waitForSelector("input[role=combobox]");
  await page.keyboard.press("Control+K");
  await page.keyboard.type("khai sinh", { delay: 50 });
  await page.waitForSelector(`[role=option]:first-child:has-text('${procedure}')`);
  await page.keyboard.press("Enter");
  await page.waitForSelector(`table[role=grid]:has-text('${view.case_code}')`);
  await page.locator("#paper-0 ~ td [data-cell]").first().focus();
  await page.keyboard.press("+");
  await page.waitForSelector("table[role=grid] tr.reused");
  await look("scan-reuse");
  await page.keyboard.press("F9");
  await page.waitForSelector("dialog[open], section.result");
  if (await page.locator("dialog[open]").count()) {
    await page.fill("#ground-text", "Công dân bổ sung sau");
    await page.keyboard.press("F9");
    await page.waitForSelector("section.result");
  }
  const { reuse } = await server.call("day.figures", {});
  expect(reuse.reused).toBe(1);
  expect(reuse.papers).toBeGreaterThan(0);
  // The desk scans what was received there.
  await page.keyboard.press("Control+B");
  await page.waitForSelector("dialog[open]:has-text('Quét giấy tờ, hồ sơ')");
  await page.keyboard.press("Escape");
  await page.context().close();
  ({ page, complaints } = await newPage(browser, { width: 1280, height: 720 }));
  await enter(page, server, "lan", 1, "supervisor");
  await page.waitForSelector(".kpi .cell b:has-text('%')");
  await look("scan-figures");
});
