//! Which day is it? A machine whose clock is days off beside a real central: nothing that bears a date
//! goes out before a person has said it, by keys alone, and everything else goes on.
import path from "node:path";
import { type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Central } from "./central.ts";
import { Server, enter, launch, newPage, pictures } from "./harness.ts";
import { MachineClock } from "./machine-clock.ts";

const DAY_S = 86_400;
const OFF_S = 2 * DAY_S + 6 * 3600;
const QUESTION = "Hôm nay là ngày nào?";

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
});

/** The day of a moment as it is in the branch, as the wire has it and as people read it. */
function day(moment: string): { iso: string; read: string } {
  const iso = new Date(Date.parse(moment) + 7 * 3600_000).toISOString().slice(0, 10);
  return { iso, read: iso.split("-").reverse().join("/") };
}

const doubt = async (server: Server) => (await server.call("branch.get", {})).clock_doubt ?? undefined;

/** A branch on a machine that is so many seconds off, somebody waiting, and central heard. */
async function apart(off: number, flow: (at: Apart) => Promise<void>): Promise<void> {
  const clock = new MachineClock(off);
  const server = await Server.demo(undefined, clock.env);
  const central = await Central.start();
  try {
    // Nobody was heard yet, so there was nothing to compare with.
    expect(await doubt(server)).toBeUndefined();
    await server.call("visit.register", { service: "ho-tich" });
    const { office } = await server.call("sync.status", {});
    central.enrol(path.join(server.dir, "data"), office);
    await expect.poll(() => doubt(server), { timeout: 20_000 }).toBeDefined();
    const said = await doubt(server);
    if (!said) throw new Error("no doubt");
    expect([said.hub, said.set]).toEqual([false, false]);
    const { page, complaints } = await newPage(browser);
    await enter(page, server, "khoi", 4, "reception");
    await page.waitForSelector(".sv");
    await flow({ clock, server, page, here: day(said.here), there: day(said.there) });
    expect(complaints).toEqual([]);
    await page.context().close();
  } finally {
    await server.stop();
    await central.stop();
    clock.remove();
  }
}
interface Apart {
  clock: MachineClock;
  server: Server;
  page: Page;
  here: { iso: string; read: string };
  there: { iso: string; read: string };
}

const chosen = (page: Page) => page.waitForSelector(".sv[aria-checked='true']:has(kbd:text('2'))");
const asked = (page: Page) => page.waitForSelector(`dialog[open]:has-text("${QUESTION}") [data-focus]:focus`);
const gone = (page: Page) => page.waitForSelector("dialog", { state: "detached" });

/** A number is asked for, and the date is asked for instead. */
async function refused({ page, server }: Apart): Promise<void> {
  const before = (await server.call("queue.snapshot", {})).waiting.length;
  await page.keyboard.press("2");
  await chosen(page);
  await page.keyboard.press("Control+Enter");
  await asked(page);
  expect((await server.call("queue.snapshot", {})).waiting).toHaveLength(before);
}

test("a clock that was wrong is set, looked at again, and the day is right", async () => {
  await apart(OFF_S, async (at) => {
    const { clock, server, page, here, there } = at;
    await page.waitForSelector(`.sync.fix button:has-text("${QUESTION}")`);
    await refused(at);
    const dates = await page.innerText("dialog dl");
    expect(dates).toContain(here.read);
    expect(dates).toContain(there.read);
    await page.waitForSelector("dialog p:has-text('2 ngày')");
    await pictures(page, "clock-which");
    // Later: what was entered stays, and the question waits in the top bar.
    await page.keyboard.press("Escape");
    await gone(page);
    await chosen(page);
    await page.focus(`.sync button:has-text("${QUESTION}")`);
    await page.keyboard.press("Enter");
    await asked(page);

    // It is central's day: then the machine has to be set, and how is said.
    await page.waitForSelector(`dialog .btn.p:focus:has-text("Hôm nay là ${there.read}")`);
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog ul:has-text('Ngày và giờ')");
    await page.waitForSelector("dialog .btn.p:focus:has-text('Đã chỉnh, kiểm tra lại')");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog .err:has-text('vẫn chưa được chỉnh')");
    await pictures(page, "clock-setting");
    expect((await server.call("branch.get", {})).date).toBe(here.iso);

    clock.set(0);
    await page.keyboard.press("Enter");
    await page.waitForSelector(`footer .said:has-text("Đã xác nhận hôm nay là ${there.read}")`);
    await gone(page);
    await page.waitForSelector(`.sync button:has-text("${QUESTION}")`, { state: "detached" });
    expect(await doubt(server)).toBeUndefined();
    expect((await server.call("branch.get", {})).date).toBe(there.iso);
    // Who waited under a day that has not come is called by nobody.
    expect((await server.call("queue.snapshot", {})).waiting).toHaveLength(0);
    await chosen(page);
    await page.keyboard.press("Control+Enter");
    await page.waitForSelector("footer .said:has-text('Đã cấp số')");
    expect((await server.call("queue.snapshot", {})).waiting).toHaveLength(1);
  });
});

test("a clock that is right is said to be so, once", async () => {
  await apart(-OFF_S, async (at) => {
    const { server, page, here } = at;
    await refused(at);
    await page.focus(`dialog button:has-text("Hôm nay là ${here.read}, máy này đúng")`);
    await page.keyboard.press("Enter");
    await page.waitForSelector(`footer .said:has-text("Đã xác nhận hôm nay là ${here.read}")`);
    await gone(page);
    await page.waitForSelector(`.sync button:has-text("${QUESTION}")`, { state: "detached" });
    await chosen(page);
    await page.keyboard.press("Control+Enter");
    await page.waitForSelector("footer .said:has-text('Đã cấp số')");
    expect((await server.call("branch.get", {})).date).toBe(here.iso);

    // Remembered by a program that starts anew, once it hears central again.
    await page.context().close();
    await server.end();
    await server.start();
    await expect
      .poll(async () => (await server.call("sync.status", {})).skew_ms ?? 0, { timeout: 20_000 })
      .toBeGreaterThan(DAY_S * 1000);
    expect(await doubt(server)).toBeUndefined();
    await server.call("visit.register", { service: "ho-tich" });
  });
});
