//! Every view in both themes and at the sizes of the counters: accessible, nothing cut off.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DeskAnswer } from "../src/lib/gen/DeskAnswer.ts";
import type { QueueRow } from "../src/lib/gen/QueueRow.ts";
import type { QueueSnapshotAnswer } from "../src/lib/gen/QueueSnapshotAnswer.ts";
import type { QueueWatchAnswer } from "../src/lib/gen/QueueWatchAnswer.ts";
import {
  type Look,
  Server,
  enter,
  expectAccessible,
  expectNothingClipped,
  launch,
  newPage,
  scan,
} from "./harness.ts";

const shots = fileURLToPath(new URL("../../docs/screenshots/", import.meta.url));
const names = [
  "Lò Thị Mai",
  "Hoàng Văn Ký",
  "Phạm Quốc Dũng",
  "Nguyễn Thị Ánh Tuyết",
  "Đặng Hữu Nghĩa",
  "Bùi Thị Hường",
  "Vũ Thị Ngọc Diễm",
  "Trần Đức Thịnh",
  "Ngô Thị Xuyến",
  "Triệu Thị Kim Oanh",
  "Mùa A Chu",
  "Lương Thu Trang",
  "Vi Thị Đẹp",
  "Hà Thị Nguyệt",
  "Lý Láo Tả",
  "Tạ Đình Phong",
  "Quàng Thị Inh",
  "Sầm Văn Toản",
  "Đinh Công Tráng",
  "Lương Thị Sen",
];
/** Fewer and no figure is claimed. */
const served = 8;
let server: Server;
let browser: Browser;

beforeAll(async () => {
  mkdirSync(shots, { recursive: true });
  server = await Server.demo();
  browser = await launch();
  await server.call("printer.assign", { kind: "receipt", printer: `folder:${server.papers}` });
  await server.call("printer.assign", { kind: "ticket", printer: `folder:${server.papers}` });
  for (const [i, name] of names.entries()) {
    await server.call("visit.register", {
      service: i % 3 === 2 ? "noi-vu" : "ho-tich",
      class: i === 13 ? "elderly" : i === 16 ? "pregnant" : "ordinary",
      applicant: { kind: "individual", name, phone: `09120000${10 + i}`, id_number: `0011870045${10 + i}` },
    });
  }
  for (let i = 0; i < served; i++) {
    const called = await server.call("queue.call_next", { counter: 2 }, "dung");
    if (!called) throw new Error("nobody waits");
    await server.call("leg.start", { visit_id: called.visit_id }, "dung");
    const hits = await server.call("catalogue.search", { text: "cap" });
    const entry = await server.call("catalogue.get", { code: hits[i]?.code ?? "" });
    await server.call(
      "case.receive",
      {
        visit_id: called.visit_id,
        procedure_code: entry.code,
        applicant: { kind: "individual", name: names[i] ?? "", phone: "0912000010" },
        papers: entry.papers.map((paper, index) => ({
          index,
          originals: Math.max(1, paper.originals),
          certified: 0,
          copies: paper.copies,
        })),
      },
      "dung",
    );
    await server.call("leg.finish", { visit_id: called.visit_id }, "dung");
  }
  const missed = await server.call("queue.call_next", { counter: 3 }, "dung");
  if (missed) await server.call("leg.miss", { visit_id: missed.visit_id }, "dung");
  // Somebody sits at counter 1.
  const called = await server.call("queue.call_next", { counter: 1 }, "ha");
  if (called) await server.call("leg.start", { visit_id: called.visit_id }, "ha");
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

/** Pictures for the README are made on request: `npm run screenshots`. */
async function shoot(page: Page, name: string, look: Look): Promise<void> {
  const both = ["start", "desk", "reception", "cases", "supervisor", "kiosk", "setup", "sync"].includes(name);
  const wanted = look.width === 1366 && (both || look.theme === "light");
  if (!process.env.MOTCUA_SCREENSHOTS || !wanted) return;
  await page.screenshot({ path: `${shots}${name}-${look.theme}-${look.width}.png` });
}

/** Minutes added to the waits, so that every state of a wait is checked and shown. */
const minutes = [31, 6, 18, 1, 12, 8, 5, 4];

async function spreadWaits(page: Page): Promise<void> {
  const moved = new Map<string, number>();
  const later = (row: QueueRow, i: number) => {
    const ms = (minutes[i % minutes.length] ?? 0) * 60_000;
    moved.set(row.visit_id, ms);
    return { ...row, wait_ms: row.wait_ms + ms };
  };
  const earlier = (time: string, ms: number) => new Date(Date.parse(time) - ms).toISOString();
  await page.route("**/rpc/queue.watch", async (route) => {
    const response = await route.fetch();
    const body = (await response.json()) as QueueWatchAnswer;
    const notices = body.notices.map((notice) => {
      const ms = notice.kind.startsWith("wait_") ? (moved.get(notice.visit_id ?? "") ?? 0) : 0;
      return { ...notice, from: earlier(notice.from, ms), since: earlier(notice.since, ms) };
    });
    await route.fulfill({ response, json: { ...body, notices } });
  });
  await page.route("**/rpc/queue.snapshot", async (route) => {
    const response = await route.fetch();
    const body = (await response.json()) as QueueSnapshotAnswer;
    await route.fulfill({ response, json: { ...body, waiting: body.waiting.map(later) } });
  });
  await page.route("**/rpc/desk.get", async (route) => {
    const response = await route.fetch();
    const body = (await response.json()) as DeskAnswer;
    await route.fulfill({ response, json: { ...body, next: body.next && later(body.next, 0) } });
  });
}

const looks: Look[] = [
  { width: 1366, height: 768, theme: "light" },
  { width: 1366, height: 768, theme: "dark" },
  { width: 1280, height: 720, theme: "light" },
  { width: 1280, height: 720, theme: "dark" },
  { width: 1920, height: 1080, theme: "light" },
];

describe.each(looks)("$width × $height, $theme", (look) => {
  async function check(name: string, page: Page): Promise<void> {
    await expectNothingClipped(page);
    await expectAccessible(page);
    await shoot(page, name, look);
  }

  test("start", async () => {
    const { page, complaints } = await newPage(browser, look);
    await page.goto(`${server.url}/#token=${server.token}`);
    await page.waitForSelector("main.start");
    await check("start", page);
    await page.context().close();
    expect(complaints).toEqual([]);
  });

  test("desk, with its dialogs", async () => {
    const { page, complaints } = await newPage(browser, look);
    await spreadWaits(page);
    await enter(page, server, "ha", 1, "desk");
    await page.waitForSelector(".visit .vno");
    await page.keyboard.press("Control+k");
    await page.keyboard.type("bao hiem y te");
    await page.waitForSelector("[role=option] mark");
    await expectAccessible(page);
    await shoot(page, "procedure", look);
    await page.keyboard.press("Enter");
    await page.waitForSelector("[role=grid]");
    await page.keyboard.press("Space");
    await page.waitForSelector("[role=grid] .tag.ok");
    await page.waitForSelector(".days li");
    await check("desk", page);
    for (const [key, name] of [
      ["F2", "busy"],
      ["F6", "hold"],
      ["F7", "transfer"],
      ["F9", "missing"],
      ["F1", "keys"],
      ["Control+,", "settings"],
    ] as const) {
      await page.keyboard.press(key);
      await page.waitForSelector("dialog[open]");
      await expectAccessible(page);
      if (name === "missing") await shoot(page, name, look);
      await page.keyboard.press("Escape");
      await page.waitForSelector("dialog", { state: "detached" });
    }
    await page.context().close();
    expect(complaints).toEqual([]);
  });

  test("reception", async () => {
    const { page, complaints } = await newPage(browser, look);
    await spreadWaits(page);
    await enter(page, server, "khoi", 4, "reception");
    await page.waitForSelector(".sv");
    await scan(page, "025054000912||Hoàng Văn Ký|06031954|Nam|Thôn Nà Lạn, xã Bình Minh, Lào Cai|01012022");
    await page.waitForSelector(".tag.ok:has-text('Đã đọc thẻ')");
    await page.keyboard.press("1");
    await page.waitForSelector(".tkh b:not(:text('–'))");
    await check("reception", page);
    await page.context().close();
    expect(complaints).toEqual([]);
  });

  test("self-service terminal", async () => {
    await server.call("queue.issuing", { service: "khoa-hoc", open: false });
    await server.call("kiosk.enter", { code: "274915" });
    const { page, complaints } = await newPage(browser, look);
    await page.goto(server.kioskUrl);
    await page.waitForSelector(".tile .shut");
    await check("kiosk", page);
    await page.click(".tile");
    await page.waitForSelector(".go:focus");
    await check("kiosk-confirm", page);
    await page.click("header .k:last-child");
    await page.waitForSelector(".pad");
    await check("kiosk-code", page);
    await page.context().close();
    await server.call("kiosk.leave", {});
    await server.call("queue.issuing", { service: "khoa-hoc", open: true });
    expect(complaints).toEqual([]);
  });

  test("cases", async () => {
    const { page, complaints } = await newPage(browser, look);
    await enter(page, server, "ha", 1, "cases");
    await page.waitForSelector(".cases tbody tr");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".drawer");
    await check("cases", page);
    await page.context().close();
    expect(complaints).toEqual([]);
  });

  test("supervisor", async () => {
    const { page, complaints } = await newPage(browser, look);
    await spreadWaits(page);
    await enter(page, server, "lan", 1, "supervisor");
    await page.waitForSelector(".sup .kpi");
    await page.waitForSelector(".wait tbody tr");
    await page.waitForSelector("[data-alert=over]");
    await check("supervisor", page);
    await page.click("button:has-text('Đóng ngày')");
    await page.waitForSelector("dialog[open]");
    await expectAccessible(page);
    await page.context().close();
    expect(complaints).toEqual([]);
  });

  test("what is sent to central", async () => {
    const { page, complaints } = await newPage(browser, look);
    await enter(page, server, "lan", 1, "supervisor");
    await page.keyboard.press("Control+5");
    await page.waitForSelector("main.sy tbody tr");
    await check("sync", page);
    await page.context().close();
    expect(complaints).toEqual([]);
  });

  test("the branch set up, and its machines", async () => {
    const { page, complaints } = await newPage(browser, look);
    await enter(page, server, "quan-tri", 1, "supervisor");
    await page.keyboard.press("Control+,");
    await page.waitForSelector("dialog[open]");
    await page.click("dialog button:has-text('Xem máy của chi nhánh')");
    await page.waitForSelector("dialog h3:has-text('Các máy')");
    await check("machines", page);
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog", { state: "detached" });
    await page.keyboard.press("Control+,");
    await page.click("dialog button:has-text('Thiết lập chi nhánh')");
    await page.waitForSelector(".setup .side [aria-current]:focus");
    await page.keyboard.press("Alt+Digit2");
    await page.waitForSelector("#setup-section:has-text('Lĩnh vực')");
    await check("setup", page);
    await page.context().close();
    expect(complaints).toEqual([]);
  });
});
