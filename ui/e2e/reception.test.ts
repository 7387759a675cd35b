import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Server, enter, launch, newPage, picture, scan } from "./harness.ts";

const card = "025054000912|012345678|Hoàng Văn Ký|06031954|Nam|Thôn Nà Lạn, xã Bình Minh, Lào Cai|01012022";
let server: Server;
let browser: Browser;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  server = await Server.demo();
  browser = await launch();
  await server.call("printer.assign", { kind: "ticket", printer: `folder:${server.papers}` });
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});
beforeEach(async () => {
  ({ page, complaints } = await newPage(browser));
  await enter(page, server, "khoi", 4, "reception");
  await page.waitForSelector(".sv");
  return async () => {
    await page.context().close();
    expect(complaints).toEqual([]);
  };
});

describe("reception", () => {
  test("a scan goes to the person whatever has the focus, and types into nothing", async () => {
    await page.click("[data-field='phone']");
    await page.keyboard.type("0978", { delay: 60 });
    await scan(page, card);
    await expect
      .poll(() => page.inputValue("[data-field='name']").then((name) => name.toLowerCase()))
      .toBe("hoàng văn ký");
    await expect.poll(() => page.inputValue("[data-field='id_number']")).toBe("025054000912");
    await expect.poll(() => page.inputValue("[data-field='phone']")).not.toContain("|");
    // The card says 72: the class is suggested, not forced.
    await expect.poll(() => page.isChecked("input[name='class'][value='elderly']")).toBe(true);
    await page.click(".svl .sv:first-child");
    await page.keyboard.press("1");
    await page.waitForSelector(".sv[aria-checked='true']");
    await page.keyboard.press("Enter");
    await page.waitForSelector("footer .said:has-text('Đã cấp số')");
    const { waiting } = await server.call("queue.snapshot", {});
    expect(waiting).toHaveLength(1);
    expect([waiting[0]?.class, waiting[0]?.name?.toLowerCase()]).toEqual(["elderly", "hoàng văn ký"]);
    await expect.poll(() => server.printed().length).toBeGreaterThan(0);
    // Given by mistake: taken back from the strip.
    await page.keyboard.press("Control+z");
    await page.waitForSelector("footer .said:has-text('Đã hủy số')");
    expect((await server.call("queue.snapshot", {})).waiting).toHaveLength(0);
  });

  test("a walk-in without card: digit, Enter; the digits of a scan choose nothing", async () => {
    await page.keyboard.press("2");
    await page.waitForSelector(".sv[aria-checked='true']:has(kbd:text('2'))");
    await page.keyboard.press("Control+Enter");
    await page.waitForSelector("footer .said:has-text('Đã cấp số')");
    const { recent } = await server.call("queue.snapshot", {});
    expect(recent[0]?.service).toBe("noi-vu");
    expect(recent[0]?.name).toBeUndefined();
    await scan(page, "111111");
    await page.waitForSelector(".card.bad, footer .problem");
    await expect.poll(() => page.locator(".sv[aria-checked='true']").count()).toBe(0);
  });

  test("a damaged card says which part is doubtful and records nothing", async () => {
    const before = (await server.call("queue.snapshot", {})).revision;
    await scan(page, "025054000912||Hoàng Văn Ký|310219");
    await page.waitForSelector(".card.bad:has-text('Mời')");
    await expect.poll(() => page.inputValue("[data-field='name']")).toBe("");
    expect((await server.call("queue.snapshot", {})).revision).toBe(before);
  });

  test("somebody who was here before is filled in at one key", async () => {
    await server.call("visit.register", {
      service: "ho-tich",
      applicant: { kind: "individual", name: "Hoàng Văn Ký", id_number: "025054000912", phone: "0978000305" },
    });
    await scan(page, card);
    await page.waitForSelector(".card.info:has-text('Đã đến')");
    await page.keyboard.press("F2");
    await expect.poll(() => page.inputValue("[data-field='phone']")).toBe("0978000305");
  });

  test("a number that was typed is known: Enter keeps it, one key takes the rest over, nothing typed is lost", async () => {
    const known = { name: "Lò Thị Mai", id_number: "001190000077", phone: "0912345678", address: "Bản Mòng" };
    await server.call("visit.register", {
      service: "ho-tich",
      applicant: { kind: "individual" as const, ...known },
    });
    await page.click("[data-field='scan']");
    await page.keyboard.type(known.id_number, { delay: 45 });
    await page.keyboard.press("Enter");
    await expect.poll(() => page.inputValue("[data-field='id_number']")).toBe(known.id_number);
    await page.waitForSelector(".card.info:has-text('Lò Thị Mai')");
    // What was said today stands.
    await page.click("[data-field='phone']");
    await page.keyboard.type("0987654321", { delay: 45 });
    await picture(page, "reception-known");
    await page.keyboard.press("F2");
    await expect.poll(() => page.inputValue("[data-field='name']")).toBe(known.name);
    await expect.poll(() => page.inputValue("[data-field='phone']")).toBe("0987654321");
    await page.waitForSelector(".card.info", { state: "detached" });
    await page.click(".svl .sv:first-child");
    await page.keyboard.press("1");
    await page.waitForSelector(".sv[aria-checked='true']");
    await page.keyboard.press("Enter");
    await page.waitForSelector("footer .said:has-text('Đã cấp số')");
    const { recent } = await server.call("queue.snapshot", {});
    const { visit: recorded } = await server.call("visit.get", { visit_id: recent[0]?.visit_id ?? "" });
    expect(recorded.applicant).toMatchObject({ ...known, phone: "0987654321" });
    expect(recorded.applicant?.taken_over?.toSorted()).toEqual(["address", "name"]);
  });

  test.each(["light", "dark"] as const)(
    "the ticket given last is looked at by Ctrl R and printed from there, %s",
    async (theme) => {
      await page.context().close();
      ({ page, complaints } = await newPage(browser, { width: 1280, height: 720, theme }));
      await enter(page, server, "khoi", 4, "reception");
      await page.waitForSelector(".sv");
      await page.keyboard.press("2");
      await page.waitForSelector(".sv[aria-checked='true']");
      await page.keyboard.press("Control+Enter");
      await page.waitForSelector("footer .said:has-text('Đã cấp số')");
      const ticket = await page.locator(".tkh b").innerText();
      const jobs = async () => (await server.call("print.jobs", {})).length;
      const before = await jobs();
      await page.waitForSelector(".tk button:has-text('Xem trước')");
      await page.keyboard.press("Control+r");
      await page.waitForSelector(`dialog[open]:has-text("${ticket}") img`);
      await page.waitForFunction(() => {
        const image = document.querySelector<HTMLImageElement>("dialog[open] img");
        return image?.complete === true && image.naturalWidth > 300;
      });
      await picture(page, `reception-preview-${theme}`);
      await page.keyboard.press("Escape");
      await page.waitForSelector("dialog", { state: "detached" });
      await expect.poll(() => jobs()).toBe(before);
      await page.keyboard.press("Control+r");
      await page.waitForSelector("dialog[open] img");
      await page.keyboard.press("Enter");
      await page.waitForSelector("dialog", { state: "detached" });
      await expect.poll(jobs).toBe(before + 1);
    },
  );
});
