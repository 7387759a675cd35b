//! Ratings on a tablet of the network: a supervisor turns it on for a counter, the tablet has nothing
//! but the link, and the link is taken back.
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, afterEach, expect, test } from "vitest";
import { served } from "./cases.ts";
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
let port: number;

beforeAll(async () => {
  if (process.env.MOTCUA_PICTURES) mkdirSync(process.env.MOTCUA_PICTURES, { recursive: true });
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
});
beforeEach(async () => {
  server = await Server.demo();
  port = await server.freePort();
});
afterEach(async () => {
  await server.stop();
});

async function openMachines(page: Page, officer: string): Promise<void> {
  await enter(page, server, officer, 3, officer === "lan" ? "supervisor" : "desk");
  await page.keyboard.press("Control+,");
  await page.waitForSelector("dialog");
  await page.focus("dialog button:has-text('Xem máy của chi nhánh')");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog h3:has-text('Đánh giá trên máy tính bảng')");
}

function token(counter: number): string {
  const kept = JSON.parse(readFileSync(path.join(server.dir, "data/tablets.json"), "utf8")) as {
    tablets: { counter: number; token: string }[];
  };
  return kept.tablets.find((tablet) => tablet.counter === counter)?.token ?? "";
}

/** What a supervisor reads out: by the network's own address, which for a browser is no safe place;
 *  without a network, what the short link leads to. */
async function address(counter: number): Promise<string> {
  const { rating } = await server.call("machine.get", {});
  const link = rating.tablets.find((tablet) => tablet.counter === counter)?.links[0];
  return link ?? `http://127.0.0.1:${port}/rating.html#token=${token(counter)}&counter=${counter}`;
}

async function asked(counter: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/rpc/rating.prompt`, {
    method: "POST",
    headers: { authorization: `Bearer ${token(counter)}` },
    body: JSON.stringify({ counter }),
  });
  return "ask" in ((await response.json()) as object);
}

const looks = [
  { theme: "light", width: 1280, height: 800 },
  { theme: "dark", width: 800, height: 1280 },
] as const;

test("a supervisor turns it on, a tablet rates, and its link is taken back", async () => {
  const desk = await newPage(browser);
  await openMachines(desk.page, "lan");
  await desk.page.fill("#tablet-port", String(port));
  await expect.poll(() => desk.page.inputValue("#tablet-counter")).toBe("3");
  await desk.page.focus("dialog button:has-text('Bật cho quầy này')");
  await desk.page.keyboard.press("Enter");
  await desk.page.waitForSelector("dialog li:has-text('Quầy 3') button:has-text('Thu hồi')");
  for (const look of [
    { theme: "light", width: 1366, height: 768 },
    { theme: "dark", width: 1280, height: 720 },
  ] as const) {
    await desk.page.setViewportSize(look);
    await desk.page.emulateMedia({ colorScheme: look.theme });
    await picture(desk.page, `machines-tablet-${look.theme}`);
    await expectAccessible(desk.page);
    await expectNothingClipped(desk.page);
  }

  const { page, complaints } = await newPage(browser, looks[0]);
  await page.goto(await address(3));
  await page.waitForSelector("h1:has-text('Xin chào')");
  expect(page.url()).not.toContain("token");
  await picture(page, "tablet-rest");
  // Somebody else's counter is none of its business.
  await served(server, 2);
  await served(server, 3);
  await page.waitForSelector(".what:has-text('A-002')");
  for (const look of looks) {
    await page.setViewportSize(look);
    await page.emulateMedia({ colorScheme: look.theme });
    await picture(page, `tablet-ask-${look.theme}`);
    await expectAccessible(page);
    await expectNothingClipped(page);
  }
  await page.click(".grade.g5");
  await page.waitForSelector("h1:has-text('Cảm ơn Ông/Bà đã đánh giá')");
  await page.click("button:has-text('chín tiêu chí')");
  await page.check("input[name='indicator-7'] >> nth=0");
  await picture(page, "tablet-nine");
  await expectAccessible(page);
  await expectNothingClipped(page);
  await page.click("button:has-text('Gửi')");
  await page.waitForSelector("h1:has-text('Ý kiến đã được ghi')");
  expect(await asked(3)).toBe(false);

  // Another link: the old one stops at once, and the page says so.
  const before = token(3);
  await desk.page.click("dialog button:has-text('Đổi liên kết')");
  await desk.page.waitForSelector("dialog li:has-text('ngừng ngay')");
  await picture(desk.page, "machines-tablet-ask");
  await expectAccessible(desk.page);
  await desk.page.keyboard.press("Tab");
  await desk.page.keyboard.press("Enter");
  await page.waitForSelector("h1:has-text('chưa dùng để đánh giá được')");
  await picture(page, "tablet-shut");
  await expectAccessible(page);
  await expectNothingClipped(page);
  expect(token(3)).not.toBe(before);
  await page.goto("about:blank");
  await page.goto(await address(3));
  await page.waitForSelector("h1:has-text('Xin chào')");
  // After a power cut the tablet has its bookmark only.
  await page.goto(page.url());
  await page.waitForSelector("h1:has-text('Xin chào')");

  await desk.page.click("dialog button:has-text('Thu hồi')");
  await desk.page.click("dialog button:has-text('Thu hồi liên kết này')");
  await desk.page.waitForSelector("dialog p:has-text('Bật cho một quầy')");
  await page.waitForSelector("h1:has-text('Màn hình tạm nghỉ')");
  expect(desk.complaints).toEqual([]);
  // The browser itself reports that nobody answers there any more.
  expect(complaints.filter((each) => !/ERR_|Failed to load/.test(each))).toEqual([]);
  await desk.page.context().close();
  await page.context().close();
});

test("the line is cut: the page says so calmly, keeps a touch, and comes back by itself", async () => {
  await server.call("rating.serve", { counter: 3, step: "on", port });
  const { page } = await newPage(browser, looks[0]);
  await page.goto(await address(3));
  await page.waitForSelector("h1:has-text('Xin chào')");
  await server.end();
  await page.waitForSelector("h1:has-text('Màn hình tạm nghỉ')");
  for (const look of looks) {
    await page.setViewportSize(look);
    await page.emulateMedia({ colorScheme: look.theme });
    await picture(page, `tablet-away-${look.theme}`);
    await expectAccessible(page);
    await expectNothingClipped(page);
  }
  await server.start();
  await page.waitForSelector("h1:has-text('Xin chào')");

  await served(server, 3);
  await page.waitForSelector(".grade");
  // What was sent is recorded, but no answer comes for a while: sent again, it counts once.
  let dropped = true;
  const ids: string[] = [];
  await page.route("**/rpc/rating.give", async (route) => {
    ids.push(route.request().headers()["x-command-id"] ?? "");
    if (!dropped) return route.continue();
    await route.fetch();
    await route.abort();
  });
  await page.keyboard.press("4");
  await page.waitForSelector("h1:has-text('Đã nhận lựa chọn')");
  await picture(page, "tablet-held");
  await expectAccessible(page);
  dropped = false;
  await page.waitForSelector("h1:has-text('Cảm ơn Ông/Bà đã đánh giá')");
  expect(ids.length).toBeGreaterThan(1);
  expect(new Set(ids).size).toBe(1);
  expect(await asked(3)).toBe(false);
  await page.context().close();
});

test("behind the tablet's door is nothing else, and an officer sees no link", async () => {
  await server.call("rating.serve", { counter: 3, step: "on", port });
  const at = `http://127.0.0.1:${port}`;
  for (const page of ["/", "/index.html", "/board.html", "/kiosk.html"])
    expect((await fetch(at + page)).status).toBe(404);
  const authorization = `Bearer ${token(3)}`;
  for (const verb of ["queue.snapshot", "rating.figures", "case.search"])
    expect(
      (await fetch(`${at}/rpc/${verb}`, { method: "POST", headers: { authorization }, body: "{}" })).status,
    ).toBe(404);
  const { page, complaints } = await newPage(browser);
  await openMachines(page, "ha");
  await page.waitForSelector("dialog li:has-text('Quầy 3')");
  await expect.poll(() => page.locator("dialog button:has-text('liên kết')").count()).toBe(0);
  await expect.poll(() => page.locator("dialog button:has-text('Thu hồi')").count()).toBe(0);
  await expect.poll(() => page.innerText("dialog")).not.toContain(`:${port}/`);
  await picture(page, "machines-tablet-officer");
  expect(complaints).toEqual([]);
  await page.context().close();
});
