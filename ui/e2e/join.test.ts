//! Joining central from the sync screen: by the file that central writes, or by hand, each refusal at
//! its field, and no restart.
import { readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, type Socket, createServer } from "node:net";
import path from "node:path";
import { type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Central } from "./central.ts";
import {
  Server,
  enter,
  expectAccessible,
  expectNothingClipped,
  launch,
  newPage,
  picture,
} from "./harness.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
});

async function pictures(page: Page, name: string): Promise<void> {
  for (const theme of ["light", "dark"] as const) {
    await page.setViewportSize({ width: 1280, height: 720 });
    await page.emulateMedia({ colorScheme: theme });
    await picture(page, `${name}-${theme}`);
    await expectNothingClipped(page);
    await expectAccessible(page);
  }
}

/** Somebody who takes a connection and says nothing. */
async function mute(): Promise<{ url: string; close: () => void }> {
  const held: Socket[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    held.push(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      for (const socket of held) socket.destroy();
    },
  };
}

test("a branch joins central by choosing a file", async () => {
  const server = await Server.demo();
  const central = await Central.start();
  try {
    await server.call("visit.register", { service: "ho-tich" });
    const { office } = await server.call("sync.status", {});
    const file = path.join(server.dir, "ket-noi.json");
    central.run("code", "--office", office, "--to", file, "--url", central.url);
    const wrong = path.join(server.dir, "danh-muc.json");
    writeFileSync(wrong, "{}");
    const { authority } = JSON.parse(readFileSync(file, "utf8")) as { authority: string };

    const officer = await newPage(browser);
    await enter(officer.page, server, "ha", 2, "sync");
    await officer.page.waitForSelector(".hero:has-text('Giám sát hoặc người quản trị kết nối được')");
    await officer.page.keyboard.press("Control+k");
    await expect.poll(() => officer.page.locator("dialog").count()).toBe(0);
    await officer.page.context().close();

    const { page, complaints } = await newPage(browser, { width: 1280, height: 720 });
    await enter(page, server, "lan", 1, "sync");
    await page.waitForSelector(".hero button:has-text('Kết nối trung tâm')");
    await pictures(page, "join-never");
    await page.keyboard.press("Control+k");
    await page.waitForSelector("dialog:has-text('Tệp kết nối')");
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.getAttribute("data-field")))
      .toBe("file");
    await pictures(page, "join-dialog");

    const connect = () => page.click("dialog .actions .btn.p");
    const refused = (field: string, words: string) =>
      page.waitForSelector(`dialog *:has(> [data-field=${field}]) ~ .err:has-text('${words}')`);
    await connect();
    await refused("file", "Chưa chọn tệp kết nối");
    await page.setInputFiles("dialog [data-field=file]", wrong);
    await expect.poll(() => page.locator("dialog .err").count()).toBe(0);
    await connect();
    await refused("file", "không phải tệp kết nối");
    await pictures(page, "join-wrong-file");

    // By hand, what is typed counts before the file.
    await page.setInputFiles("dialog [data-field=file]", file);
    await page.click("dialog button:has-text('Nhập địa chỉ, mã và chứng thư')");
    await page.fill("[data-field=code]", "ABCD EFGH JKLM");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog .fld:has([data-field=code]) .err:has-text('Mã kết nối không đúng')");
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.getAttribute("data-field")))
      .toBe("code");
    await pictures(page, "join-wrong-code");
    await page.fill("[data-field=code]", "");
    await page.fill("[data-field=ca]", "không phải chứng thư");
    await connect();
    await page.waitForSelector("dialog div:has(> [data-field=ca]) .err:has-text('PEM')");
    await page.fill("[data-field=ca]", authority);
    // Somebody who does not answer: it is said that something goes on, and then that nothing did.
    const silent = await mute();
    await page.fill("[data-field=central]", silent.url);
    await connect();
    await page.waitForSelector("dialog [role=status]:has-text('Đang hỏi trung tâm')");
    silent.close();
    await page.waitForSelector(
      "dialog .fld:has([data-field=central]) .err:has-text('Chưa nối được hệ thống trung tâm')",
      { timeout: 25_000 },
    );
    expect((await server.call("sync.status", {})).enrolled).toBe(false);

    await page.fill("[data-field=central]", "");
    await connect();
    await page.waitForSelector("dialog:has-text('Đã kết nối trung tâm 127.0.0.1')");
    await pictures(page, "join-done");
    await page.keyboard.press("Escape");
    // No restart: it is on its way at once.
    await page.waitForSelector("h1:has-text('Trung tâm đã nhận đủ')");
    await page.waitForSelector(".sync.ok:has-text('Đã gửi hết')");
    await expect.poll(() => page.locator(".hero button").count()).toBe(0);

    // Access taken away: the way back in is where it is told.
    central.sql("UPDATE device SET revoked_at = now()");
    await server.call("visit.register", { service: "ho-tich" });
    await page.keyboard.press("Control+g");
    await page.waitForSelector(".hero button:has-text('Kết nối lại trung tâm')");
    const again = path.join(server.dir, "ket-noi-lai.json");
    central.run("code", "--office", office, "--to", again, "--url", central.url);
    await page.click(".hero button:has-text('Kết nối lại trung tâm')");
    await page.setInputFiles("dialog [data-field=file]", again);
    await page.keyboard.press("Tab");
    await connect();
    await page.waitForSelector("dialog:has-text('Đã kết nối trung tâm')");
    await page.keyboard.press("Escape");
    await page.waitForSelector("h1:has-text('Trung tâm đã nhận đủ')", { timeout: 20_000 });
    expect(complaints).toEqual([]);
    await page.context().close();
  } finally {
    await central.stop();
    await server.stop();
  }
});
