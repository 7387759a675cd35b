//! The machines of a branch from the screen: a hub, a code, a second machine that joins, the list,
//! access taken away, the board for a television.
import { type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  Server,
  enter,
  expectAccessible,
  expectNothingClipped,
  launch,
  looks,
  newPage,
  picture,
  scan,
} from "./harness.ts";

let hub: Server;
let browser: Browser;
beforeAll(async () => {
  hub = await Server.demo();
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  await hub?.stop();
});

async function openMachines(page: Page): Promise<void> {
  await page.keyboard.press("Control+,");
  await page.waitForSelector("dialog");
  await page.focus("dialog button:has-text('Xem máy của chi nhánh')");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog h3:has-text('Các máy')");
}

test("a machine becomes the hub, shows a code, and a second one joins by scanner", async () => {
  const port = hub.freePort();
  await hub.call("hub.close", { confirmed: true });
  const { page, complaints } = await newPage(browser);
  await enter(page, hub, "lan", 1, "supervisor");
  await openMachines(page);
  await page.waitForSelector("dialog:has-text('Máy này chạy một mình')");
  await expectAccessible(page);
  await picture(page, "machines-own");
  await page.fill("#hub-port", String(await port));
  await page.focus("dialog button:has-text('Làm máy chủ quầy')");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog h3:has-text('Máy này là máy chủ quầy')");
  await page.focus("dialog button:has-text('Cấp mã ghép quầy')");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog .big");
  const shown = await page.innerText(".code .big");
  expect(shown).toMatch(/^[2-9A-Z]{4}-[2-9A-Z]{4}$/);
  await expect.poll(() => page.innerText(".code")).toMatch(/4:5\d|5:00/);
  await expectAccessible(page);
  await expectNothingClipped(page);

  // The other machine: an empty folder, a wrong code first, then what its scanner reads.
  const counter = await Server.empty();
  try {
    const other = await newPage(browser);
    await other.page.goto(`${counter.url}/#token=${counter.token}`);
    await other.page.waitForSelector("h1:has-text('chưa có chi nhánh')");
    await expectAccessible(other.page);
    const address = `127.0.0.1:${await port}`;
    await other.page.fill("[data-field=hub]", address);
    await other.page.fill("[data-field=code]", "2222-2222");
    await other.page.keyboard.press("Enter");
    await other.page.waitForSelector(".err:has-text('Mã ghép không đúng')");
    for (const look of looks) {
      await other.page.setViewportSize(look);
      await other.page.emulateMedia({ colorScheme: look.theme });
      await picture(other.page, `begin-${look.theme}`);
      await expectNothingClipped(other.page);
    }
    await other.page.fill("[data-field=name]", "Quầy 5");
    const given = await hub.call("hub.pair_code", {});
    // Without a network there is nothing to scan; the code by hand is the same.
    if (given.qr) {
      await other.page.focus("[data-field=hub]");
      await scan(other.page, given.qr.text);
    } else {
      await other.page.fill("[data-field=code]", given.code);
      await other.page.keyboard.press("Enter");
    }
    await other.page.waitForSelector("main.start");
    await enter(other.page, counter, "lan", 2, "supervisor");
    await other.page.waitForSelector(".sync:has-text('Chung hàng chờ')");
    await openMachines(other.page);
    await other.page.waitForSelector("dialog h3:has-text('Máy này là quầy, số máy 2')");
    await picture(other.page, "machines-counter");
    await expectAccessible(other.page);

    // The hub sees it without being asked, and takes its access away.
    await page.waitForSelector("tr:has-text('Quầy 5'):has-text('Đang nối')");
    for (const look of looks) {
      await page.setViewportSize(look);
      await page.emulateMedia({ colorScheme: look.theme });
      await picture(page, `machines-hub-${look.theme}`);
      await expectNothingClipped(page);
      await expectAccessible(page);
    }
    await page.click("dialog button:has-text('Thôi làm máy chủ quầy')");
    await page.waitForSelector("dialog .warnline:has-text('Còn 1 máy quầy')");
    await page.click("dialog button:has-text('Giữ nguyên')");
    await page.focus("tr:has-text('Quầy 5') button:has-text('Thu hồi')");
    await page.keyboard.press("Enter");
    await page.waitForSelector("tr.ask");
    await picture(page, "machines-revoke");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForSelector("tr:has-text('Quầy 5'):has-text('Đã thu hồi')");
    await other.page.waitForSelector(".sync:has-text('Quầy tự chạy')");

    // Whose hub does not answer is told what goes on, and may say who is the hub now.
    await other.page.waitForSelector("dialog:has-text('Chưa nối được')");
    await other.page.fill("dialog [data-field=follow]", "127.0.0.1:1");
    for (const look of looks) {
      await other.page.setViewportSize(look);
      await other.page.emulateMedia({ colorScheme: look.theme });
      await picture(other.page, `machines-away-${look.theme}`);
      await expectNothingClipped(other.page);
      await expectAccessible(other.page);
    }
    await other.page.keyboard.press("Enter");
    await other.page.waitForSelector("dialog [role=alert]:has-text('Không có máy nào trả lời')");
    await other.page.click("dialog button:has-text('Dùng máy này làm máy chủ quầy')");
    await other.page.waitForSelector("dialog:has-text('Máy chủ quầy hỏng – dùng máy này?')");
    await expectAccessible(other.page);
    await other.page.context().close();
  } finally {
    await counter.stop();
  }
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog", { state: "detached" });
  expect(complaints).toEqual([]);
  await page.context().close();
});

test("a television opens the board by its short link, and by nothing else", async () => {
  const port = await hub.freePort();
  const { page } = await newPage(browser);
  await enter(page, hub, "lan", 1, "supervisor");
  await openMachines(page);
  await page.fill("#tv-port", String(port));
  await page.click("dialog button:has-text('Bật bảng cho tivi')");
  await page.waitForSelector("dialog button:has-text('Tắt bảng cho tivi')");
  await picture(page, "machines-tv");
  const { board } = await hub.call("machine.get", {});
  const short = board.links[0]?.split("/").pop();
  if (short) {
    await hub.call("visit.register", { service: "ho-tich" });
    const tv = await newPage(browser, { width: 1920, height: 1080 });
    await tv.page.goto(`http://127.0.0.1:${port}/${short}`);
    await tv.page.waitForSelector("text=Chưa gọi số nào");
    await hub.call("queue.call_next", { counter: 1 }, "ha");
    await tv.page.waitForSelector("text=A-001");
    expect(tv.page.url()).not.toContain("token");
    await picture(tv.page, "television");
    expect(tv.complaints).toEqual([]);
    // After a power cut the television has its address only.
    await tv.page.reload();
    await tv.page.waitForSelector("text=A-001");
    expect((await fetch(`http://127.0.0.1:${port}/index.html`)).status).toBe(404);
    await tv.page.context().close();
  }
  await page.click("dialog button:has-text('Tắt bảng cho tivi')");
  await page.waitForSelector("dialog button:has-text('Bật bảng cho tivi')");
  await page.context().close();
});

test("an officer looks and does not change", async () => {
  const { page } = await newPage(browser);
  await enter(page, hub, "ha", 1, "desk");
  await openMachines(page);
  await expect.poll(() => page.locator("dialog button:has-text('Làm máy chủ quầy')").count()).toBe(0);
  await expect.poll(() => page.locator("dialog button:has-text('Cấp mã ghép quầy')").count()).toBe(0);
  await expect.poll(() => page.locator("dialog button:has-text('Bật bảng cho tivi')").count()).toBe(0);
  await page.context().close();
});

test("an empty folder becomes a demo branch", async () => {
  const server = await Server.empty();
  const { page, complaints } = await newPage(browser);
  await page.goto(`${server.url}/#token=${server.token}`);
  await page.focus("button:has-text('Tạo chi nhánh dùng thử')");
  await page.keyboard.press("Enter");
  await page.waitForSelector("main.start");
  expect(complaints).toEqual([]);
  await page.context().close();
  await server.stop();
});
