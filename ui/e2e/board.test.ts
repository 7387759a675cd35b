//! The board in the hall, in a browser with nothing but the board's token.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Board } from "../src/lib/gen/Board.ts";
import type { BoardCall } from "../src/lib/gen/BoardCall.ts";
import { Server, expectAccessible, launch, newPage } from "./harness.ts";

const shots = fileURLToPath(new URL("../../docs/screenshots/", import.meta.url));
let server: Server;
let browser: Browser;
const contexts: BrowserContext[] = [];

beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
});
beforeEach(async () => {
  server = await Server.demo();
});
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
  await server.stop();
});

async function open(look = {}): Promise<{ page: Page; complaints: string[] }> {
  const opened = await newPage(browser, { width: 1920, height: 1080, ...look });
  contexts.push(opened.page.context());
  await opened.page.goto(server.boardUrl);
  return opened;
}

async function walkIn(service = "ho-tich"): Promise<string> {
  const given = await server.call("visit.register", { service, applicant: person });
  return given.visit_id;
}
const person = { kind: "individual", name: "Triệu Thị Kim Oanh", phone: "0912000010" } as const;

const shown = (page: Page, ticket: string) => page.waitForSelector(`.big:text-is("${ticket}")`);

test("a call appears by push with the counter that called, and goes back when it is taken back", async () => {
  const { page, complaints } = await open();
  await page.waitForSelector("text=Chưa gọi số nào");
  expect(page.url()).not.toContain("token");
  const first = await walkIn();
  const second = await walkIn();
  await page.waitForFunction(() => document.querySelector(".wait li")?.textContent?.includes("2"));

  const before = performance.now();
  await server.call("queue.call", { visit_id: first, counter: 2 });
  await shown(page, "A-001");
  console.info(`call to board, seen from outside: ${Math.round(performance.now() - before)} ms`);
  await expect.poll(() => page.innerText(".to b")).toBe("2");
  await expect.poll(() => page.locator(".call.fresh").count()).toBe(1);

  await server.call("queue.call", { visit_id: second, counter: 4 });
  await shown(page, "A-002");
  await expect.poll(() => page.innerText(".prev li")).toMatch(/A-001[^]*2/);
  await server.call("leg.undo_call", { visit_id: second });
  await shown(page, "A-001");
  await expect.poll(() => page.locator(".prev li").count()).toBe(0);

  await server.call("leg.start", { visit_id: first });
  await page.waitForSelector("text=Đang phục vụ số");
  await server.call("leg.finish", { visit_id: first });
  await page.waitForSelector("text=Chưa gọi số nào");
  await server.call("queue.call", { visit_id: second, counter: 1 });
  await server.call("leg.miss", { visit_id: second });
  await page.waitForSelector("footer b:text-is('A-002')");
  await server.call("queue.issuing", { service: "noi-vu", open: false });
  await page.waitForSelector(".wait li:has-text('Nội vụ') :text('Ngừng phát số')");
  await expect.poll(() => page.innerText("body")).not.toContain("Oanh");
  expect(complaints).toEqual([]);
});

test("the line is cut: the last state stays with a mark and its time; the line back: current again", async () => {
  const { page } = await open();
  const visit = await walkIn();
  await server.call("queue.call", { visit_id: visit, counter: 3 });
  await shown(page, "A-001");

  const { port } = new URL(server.url);
  await server.end();
  await page.waitForSelector(".away:has-text('Đang nối lại. Số liệu lúc')");
  await expect.poll(() => page.innerText(".big")).toBe("A-001");
  await expect.poll(() => page.innerText(".to b")).toBe("3");

  // The same board token opens the server that comes up in its place.
  await server.start(Number(port) - 1);
  const next = await walkIn();
  await server.call("queue.call", { visit_id: next, counter: 1 });
  await shown(page, "A-002");
  await page.waitForSelector(".away", { state: "detached" });
});

test("a television that has only its bookmark opens; one without a token is told what to do", async () => {
  const { page } = await open();
  await page.waitForSelector(".bd");
  await page.goto(`${server.url}/board.html`);
  await page.reload();
  await page.waitForSelector(".bd");
  const stranger = await newPage(browser);
  contexts.push(stranger.page.context());
  await stranger.page.goto(`${server.url}/board.html`);
  await stranger.page.waitForSelector("text=Bảng tự nối lại");
});

test("sound: a browser that wants a click gets a button; then every call sounds once, none over another", async () => {
  const { page } = await open();
  await page.waitForSelector(".bd");
  // Notes what is started and when, without a sound device.
  await page.addInitScript(() => {
    localStorage.setItem("motcua.board.sound", "voice");
    const heard: { from: number; to: number }[] = [];
    Object.assign(window, { heard });
    const start = AudioBufferSourceNode.prototype.start;
    AudioBufferSourceNode.prototype.start = function (at = 0) {
      heard.push({ from: at, to: at + (this.buffer?.duration ?? 0) });
      start.call(this, at);
    };
  });
  await page.reload();
  await page.waitForSelector(".bd");
  const unlock = page.locator("button:has-text('Bật âm thanh')");
  if (await unlock.count()) await unlock.click();
  await unlock.waitFor({ state: "detached" });
  const visits = [await walkIn(), await walkIn()];
  for (const [i, visit] of visits.entries())
    await server.call("queue.call", { visit_id: visit, counter: i + 1 });
  // Chime, “mời số”, four signs, “đến quầy số”, the counter.
  const clips = 1 + 1 + 4 + 1 + 1;
  await page.waitForFunction(
    (n) => (window as unknown as { heard: unknown[] }).heard.length >= n,
    2 * clips,
    { timeout: 30_000 },
  );
  const heard = await page.evaluate(
    () => (window as unknown as { heard: { from: number; to: number }[] }).heard,
  );
  expect(heard.length).toBe(2 * clips);
  for (const [i, clip] of heard.entries())
    expect(clip.from, `clip ${i}`).toBeGreaterThanOrEqual((heard[i - 1]?.to ?? 0) - 1e-6);
});

/** A full day at a large branch, as the board is told of it. */
function busy(board: Board): Board {
  const now = `${board.date}T09:14:00.000+07:00`;
  const call = (ticket: string, counter: number, i: number, state: BoardCall["state"]): BoardCall => ({
    ticket,
    counter,
    counter_name: `Quầy ${counter}`,
    called_at: new Date(Date.parse(now) - i * 60_000).toISOString(),
    calls: 1,
    state,
  });
  const quotes = [
    { lo: 20, hi: 35 },
    { lo: 100, hi: 130 },
    { lo: 25, hi: 40 },
    { lo: 5, hi: 15 },
  ];
  return {
    ...board,
    now,
    calls: [
      call("12B-007", 12, 0, "called"),
      call("A-032", 4, 1, "serving"),
      call("3B-013", 20, 2, "called"),
      ...Array.from({ length: 8 }, (_, i) => call(`C-0${10 + i}`, i + 1, 3 + i, "serving")),
    ],
    services: board.services.map((service, i) => ({
      ...service,
      waiting: [6, 48, 7, 0, 4][i] ?? 2,
      issuing: i !== 4,
      quote: quotes[i],
    })),
    missed: ["A-022", "12B-006", "A-026", "C-001"],
  };
}

describe.each([
  { width: 1920, height: 1080, theme: "light" },
  { width: 1920, height: 1080, theme: "dark" },
  { width: 1280, height: 720, theme: "light" },
  { width: 1280, height: 720, theme: "dark" },
] as const)("$width × $height, $theme", (look) => {
  test("readable from eight metres, nothing cut off, the newest always there", async () => {
    const { page } = await open(look);
    await page.route("**/rpc/board.get", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: busy((await response.json()) as Board) });
    });
    await page.emulateMedia({ reducedMotion: "reduce" });
    await page.reload();
    await shown(page, "12B-007");
    await page.waitForSelector(".prev li:has-text('3B-013')");
    await page.evaluate(() => document.fonts.ready);
    const faults = await page.evaluate(() => {
      const out: string[] = [];
      const seen =
        "h1, h2, time, .big, .to b, .to span, .prev li > b, .wait strong, .name, .wait span, footer > *";
      for (const element of document.querySelectorAll<HTMLElement>(seen)) {
        const box = element.getBoundingClientRect();
        const section = element.parentElement
          ?.closest("li, section, header, footer")
          ?.getBoundingClientRect();
        if (!section) continue;
        if (box.right > innerWidth || box.bottom > innerHeight) out.push(`off screen: ${element.innerText}`);
        const inside =
          box.left >= section.left - 1 &&
          box.right <= section.right + 1 &&
          box.top >= section.top - 1 &&
          box.bottom <= section.bottom + 1;
        if (
          !inside ||
          (element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflow === "hidden")
        )
          out.push(`${element.className || element.tagName}: ${element.innerText}`);
      }
      const overlap = (a: Element | null, b: Element | null) =>
        a && b && a.getBoundingClientRect().right > b.getBoundingClientRect().left + 1;
      if (overlap(document.querySelector(".big"), document.querySelector(".to b")))
        out.push("number over counter");
      for (const row of document.querySelectorAll(".wait li"))
        if (overlap(row.querySelector("div"), row.querySelector("strong")))
          out.push(`over: ${row.textContent}`);
      if (document.documentElement.scrollHeight > innerHeight) out.push("page scrolls");
      return out;
    });
    expect.soft(faults).toEqual([]);
    // Capital height is 0.73 of the size of Inter's figures. A 55-inch screen is 685 mm high.
    const mm = await page.evaluate(() => {
      const height = (selector: string) => {
        const element = document.querySelector(selector);
        return element ? (parseFloat(getComputedStyle(element).fontSize) * 0.73 * 685) / innerHeight : 0;
      };
      return { number: height(".big"), earlier: height(".prev li > b"), service: height(".name") };
    });
    expect.soft(mm.number).toBeGreaterThan(8000 / 200);
    expect.soft(mm.earlier).toBeGreaterThan(5000 / 200);
    expect.soft(mm.service).toBeGreaterThan(5000 / 300);
    await expectAccessible(page);
    if (process.env.MOTCUA_SCREENSHOTS) {
      mkdirSync(shots, { recursive: true });
      await page.screenshot({ path: `${shots}board-${look.theme}-${look.width}.png` });
    }
  });
});
