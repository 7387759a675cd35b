//! Appointments, several services and the look-up of procedures, by keyboard.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  Server,
  enter,
  expectAccessible,
  expectNothingClipped,
  launch,
  newPage,
  picture,
  scan,
} from "./harness.ts";

const card = "025054000912|012345678|Hoàng Văn Ký|06031954|Nam|Thôn Nà Lạn, xã Bình Minh, Lào Cai|01012022";
let server: Server;
let browser: Browser;
let page: Page;
let complaints: string[];

/** An office that never closes, so that the tests run at any hour of any day. */
function neverClosed(data: string): void {
  const allDay = [{ from: "00:00", to: "23:59" }];
  const days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
  const year = new Date().getUTCFullYear();
  const basis = "thử";
  mkdirSync(path.join(data, "assets"), { recursive: true });
  writeFileSync(
    path.join(data, "assets", "office-hours.json"),
    JSON.stringify({
      id: "thu",
      effective_from: "2020-01-01",
      status: "sample",
      source: basis,
      week: Object.fromEntries(days.map((day) => [day, allDay])),
      same_day_until: "23:00",
    }),
  );
  writeFileSync(
    path.join(data, "assets", "vn-2025-2027.json"),
    JSON.stringify({
      id: "thu",
      effective_from: "2020-01-01",
      status: "sample",
      source: basis,
      years: [year - 1, year, year + 1].map((each) => ({
        year: each,
        status: "computed",
        basis,
        // One holiday a year, to be refused.
        worked: [],
        days_off: [{ from: `${each}-12-31`, name: "Ngày nghỉ thử" }],
      })),
    }),
  );
}

/** A minute from now, Vietnam. */
function soon(minutes = 1): string {
  return new Date(Date.now() + minutes * 60_000).toISOString();
}

function book(name: string, id_number?: string, service = "ho-tich") {
  return server.call("visit.book", {
    service,
    slot_at: soon(),
    applicant: { kind: "individual", name, id_number },
  });
}

beforeAll(async () => {
  server = await Server.demo(neverClosed);
  browser = await launch();
  await server.call("printer.assign", { kind: "ticket", printer: `folder:${server.papers}` });
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});
beforeEach(async () => {
  ({ page, complaints } = await newPage(browser, { width: 1280, height: 720 }));
  await enter(page, server, "khoi", 4, "reception");
  await page.waitForSelector(".sv");
  return async () => {
    await page.context().close();
    expect(complaints).toEqual([]);
  };
});

/** The choices under the number are in sight, whatever is told above them. */
async function expectChoices(name: string): Promise<void> {
  for (const size of [
    { width: 1280, height: 720 },
    { width: 1366, height: 768 },
  ]) {
    await page.setViewportSize(size);
    await picture(page, `${name}-${size.width}`);
    const left = await page.locator(".tk").evaluate((panel) => ({
      below: [...panel.querySelectorAll(".btn")].filter(
        (each) => each.getBoundingClientRect().bottom > panel.getBoundingClientRect().bottom - 4,
      ).length,
      // Of one service and a short name nothing has to be scrolled to.
      told: [...panel.querySelectorAll(".told")].map((each) => each.scrollHeight - each.clientHeight),
    }));
    expect.soft(left, `${name} ${size.width}`).toEqual({ below: 0, told: [0] });
  }
  await page.setViewportSize({ width: 1280, height: 720 });
}

const focused = () => page.evaluate(() => document.activeElement?.className ?? "");

describe("appointments", () => {
  test("somebody booked is found by part of a name and checked in by Enter; the ticket prints", async () => {
    await book("Nguyễn Đình Tuấn");
    await book("Lò Thị Mai", undefined, "noi-vu");
    await page.waitForSelector(".bk li:nth-child(2)");
    const papers = server.printed().length;
    await page.keyboard.press("F3");
    await page.waitForSelector("dialog[open] [role=option]");
    await expectAccessible(page);
    // One ring, around the whole box.
    const ring = (selector: string) =>
      page.locator(selector).evaluate((each) => getComputedStyle(each).outlineStyle);
    expect([await ring("dialog .in > input:focus"), await ring("dialog .in:has(> input:focus)")]).toEqual([
      "none",
      "solid",
    ]);
    await picture(page, "booked");
    await page.keyboard.type("tuan dinh", { delay: 50 });
    await expect.poll(() => page.locator("dialog [role=option]").count()).toBe(1);
    await page.keyboard.press("Enter");
    await page.waitForSelector(".tk:has-text('Vừa cấp số') .tkh b:has-text('A-001')");
    await expect.poll(() => page.locator("dialog[open]").count()).toBe(0);
    await expect.poll(() => focused()).toContain("sv");
    await expectChoices("checked-in");
    const { booked, waiting } = await server.call("queue.snapshot", {});
    expect(booked.map((row) => row.name)).toEqual(["Lò Thị Mai"]);
    expect([waiting[0]?.name, waiting[0]?.class]).toEqual(["Nguyễn Đình Tuấn", "appointment"]);
    await expect.poll(() => server.printed().length).toBeGreaterThan(papers);
    await expectAccessible(page);
    // The list on the screen does the same with the mouse.
    await page.click(".bk li:has-text('Mai') button");
    await page.waitForSelector(".tk .tkh b:has-text('B-001')");
    await page.waitForSelector(".bk:has-text('không còn lịch hẹn')");
  });

  test("a card of somebody booked offers the booking: Enter checks in, and the card completes it", async () => {
    const { visit_id } = await book("Hoàng Văn Ký");
    await book("Hoàng Văn Ký", "001054000911");
    await scan(page, card);
    await page.waitForSelector(".booked:has-text('có lịch hẹn lúc')");
    await expectAccessible(page);
    await page.keyboard.press("Enter");
    await page.waitForSelector(".tk:has-text('Vừa cấp số')");
    await expect
      .poll(() => server.call("visit.get", { visit_id }).then((view) => view.visit.applicant?.id_number))
      .toBe("025054000912");
    const { booked, waiting } = await server.call("queue.snapshot", {});
    const ky = (row: { name?: string }) => row.name?.toLowerCase() === "hoàng văn ký";
    expect(waiting.filter(ky)).toHaveLength(1);
    expect(booked.filter(ky), "the other of that name is not touched").toHaveLength(1);
  });

  test("a booking is typed short, refused at its field, and told in words", async () => {
    await page.keyboard.press("F4");
    await page.waitForSelector("dialog[open]");
    await expectNothingClipped(page);
    await page.keyboard.press("Tab");
    await page.keyboard.type("31/2");
    await page.keyboard.press("Tab");
    await page.keyboard.type("9h30");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".err:has-text('Chưa có ngày này')");
    await page.waitForSelector(".err:has-text('Mời ghi tên')");
    await expectAccessible(page);
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.getAttribute("data-field")))
      .toBe("day");
    await page.fill("[data-field='applicant.name']", "Lương Thị Sen");
    // A holiday and the past: what the branch says stands at the field.
    await page.fill("[data-field='day']", "31/12");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".fld:has([data-field='day']) .err:has-text('Ngày nghỉ thử')");
    await page.fill("[data-field='day']", "1/1/2026");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".fld:has([data-field='day']) .err:has-text('sau lúc này')");
    await page.fill("[data-field='day']", "30/12");
    await page.waitForSelector(".words:has-text('9 giờ 30')");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog", { state: "detached" });
    await page.waitForSelector("footer .said:has-text('Đã đặt hẹn cho Lương Thị Sen: 9 giờ 30')");
    await page.waitForSelector(".tk .words:has-text('ngày 30/12/')");
    await expectChoices("just-booked");
  });

  test("the slip of somebody booked is looked at before it is printed", async () => {
    const made = await book("Hà Thị Nguyệt");
    await page.keyboard.press("F3");
    await page.waitForSelector("dialog[open] [role=option]");
    await page.keyboard.type("nguyet", { delay: 45 });
    await expect.poll(() => page.locator("dialog [role=option]").count()).toBe(1);
    const jobs = async () => (await server.call("print.jobs", {})).filter((job) => job.id === made.visit_id);
    await page.keyboard.press("Control+r");
    await page.waitForFunction(() => {
      const image = document.querySelector<HTMLImageElement>("dialog .room img");
      return image?.complete === true && image.naturalWidth > 300;
    });
    await page.waitForSelector(`dialog:has-text("${made.code}")`);
    await picture(page, "booked-preview");
    await expect.poll(() => jobs()).toEqual([]);
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog .room", { state: "detached" });
    await expect.poll(async () => (await jobs()).map((job) => job.kind)).toEqual(["appointment"]);
    // The list is as it was, with its keys.
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog", { state: "detached" });
    await server.call("visit.cancel", { visit_id: made.visit_id, reason: "thử" });
  });
});

describe("slots", () => {
  test("a place is taken, moved and given back by keyboard, and the slip's code checks in", async () => {
    const { branch } = await server.call("branch.get", {});
    const services = branch.services.map((each) =>
      each.code === "ho-tich" ? { ...each, slots: { minutes: 30, places: 1 } } : each,
    );
    await server.call("branch.configure", { branch: { ...branch, services } }, "quan-tri");
    await page.keyboard.press("F4");
    await page.waitForSelector("dialog[open]");
    await page.fill("[data-field='day']", "29/12");
    await page.waitForSelector("dialog .slots label:has(input:checked)");
    await page.focus("dialog .slots input:checked");
    await page.keyboard.press("ArrowDown");
    await page.fill("[data-field='applicant.name']", "Lương Thị Sen");
    await expectAccessible(page);
    await expectNothingClipped(page);
    await picture(page, "slots");
    await page.keyboard.press("Control+Enter");
    await page.waitForSelector("dialog", { state: "detached" });
    await page.waitForSelector(".tk .n:has-text('HEN-')");
    const date = `${new Date().getUTCFullYear()}-12-29`;
    const offered = () => server.call("visit.slots", { service: "ho-tich", date });
    const full = async () => (await offered()).slots.filter((slot) => slot.free === 0).map((slot) => slot.at);
    const [taken] = await full();
    await expect.poll(() => full()).toHaveLength(1);
    // The same slot is not offered again.
    await page.keyboard.press("F3");
    await page.waitForSelector("dialog[open]");
    await page.fill("[data-field='booked-day']", "29/12");
    await page.waitForSelector("dialog [role=option]:has-text('Sen')");
    await picture(page, "bookings");
    await page.keyboard.press("F6");
    await page.waitForSelector("dialog h2:has-text('Đổi lịch hẹn của Lương Thị Sen')");
    await page.fill("[data-field='day']", "29/12");
    await page.waitForSelector("dialog .slots label.off:has-text('đủ người')");
    await picture(page, "moving");
    expect(await page.locator("dialog .slots label.off input").isDisabled()).toBe(true);
    await page.keyboard.press("Enter");
    await page.waitForSelector("footer .said:has-text('Đã đổi lịch hẹn của Lương Thị Sen')");
    await expect.poll(() => full()).not.toContain(taken);
    await page.keyboard.press("F3");
    await page.waitForSelector("dialog[open]");
    await page.fill("[data-field='booked-day']", "29/12");
    await page.waitForSelector("dialog [role=option]:has-text('Sen')");
    await page.keyboard.press("F8");
    // Without a reason nothing is cancelled, and the field says so.
    await page.waitForSelector("dialog [data-field=reason]:focus");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog div:has(> [data-field=reason][aria-invalid]) .err:has-text('lý do')");
    await expectAccessible(page);
    await picture(page, "cancel-no-reason");
    await expect.poll(() => full()).toHaveLength(1);
    await page.fill("dialog [data-field=reason]", "bận việc nhà");
    await page.waitForSelector("dialog .err", { state: "detached" });
    await page.keyboard.press("Enter");
    await page.waitForSelector("footer .said:has-text('Đã hủy lịch hẹn của Lương Thị Sen')");
    await expect.poll(() => full()).toEqual([]);
    // The code of a slip, scanned or typed, is the person.
    const { code } = await book("Vàng A Páo", undefined, "noi-vu");
    await page.waitForSelector(".bk li:has-text('Páo')");
    await page.fill("[data-field='scan']", code);
    await page.keyboard.press("Enter");
    await page.waitForSelector(".tk:has-text('Vừa cấp số')");
    // Scanned once more, the number that was given is told; of another day, that day.
    const ticket = await page.locator(".tkh b").innerText();
    await expect
      .poll(
        async () => {
          // While the first is still being printed, the same slip does nothing.
          await scan(page, code);
          return page.innerText("footer .said");
        },
        { interval: 300 },
      )
      .toContain(`Số ${ticket} đang chờ`);
    await picture(page, "slip-twice");
    const later = await server.call("visit.book", {
      service: "noi-vu",
      slot_at: soon(3 * 24 * 60),
      applicant: { kind: "individual", name: "Lường Văn Ón" },
    });
    await scan(page, later.code);
    await page.waitForSelector(`footer .problem:has-text('Lịch hẹn ${later.code} là của ngày')`);
    await picture(page, "slip-other-day");
    await scan(page, "HEN-000-000");
    await page.waitForSelector("footer .problem:has-text('Không có lịch hẹn nào mang mã HEN-000-000')");
    await server.call("visit.cancel", { visit_id: later.visit_id, reason: "thử" });
  });

  test("a slip that no printer takes is called a slip", async () => {
    await page.keyboard.press("F4");
    await page.waitForSelector("dialog[open]");
    await page.fill("[data-field='day']", "27/12");
    await page.waitForSelector("dialog .slots label:has(input:checked)");
    await page.fill("[data-field='applicant.name']", "Vừ Thị Dợ");
    await server.call("printer.assign", { kind: "ticket" });
    await page.keyboard.press("Control+Enter");
    await page.waitForSelector("footer .problem:has-text('Phiếu hẹn HEN-'):has-text('Chưa chọn máy in')");
    await picture(page, "slip-unprinted");
    await server.call("printer.assign", { kind: "ticket", printer: `folder:${server.papers}` });
  });
});

describe("a full slot", () => {
  test("takes one more only from a supervisor who says why", async () => {
    const date = `${new Date().getUTCFullYear()}-12-28`;
    const { slots } = await server.call("visit.slots", { service: "ho-tich", date });
    const first = slots[0]?.at ?? "";
    const applicant = { kind: "individual" as const, name: "Giàng A Sử" };
    await server.call("visit.book", { service: "ho-tich", slot_at: first, applicant });
    await page.context().close();
    ({ page, complaints } = await newPage(browser, { width: 1280, height: 720, theme: "dark" }));
    await enter(page, server, "lan", 4, "reception");
    await page.keyboard.press("F4");
    await page.waitForSelector("dialog[open]");
    await page.fill("[data-field='day']", "28/12");
    await page.fill("[data-field='applicant.name']", "Lò Thị Mai");
    await page.check("dialog .slots label.off input");
    await page.waitForSelector("[data-field='despite']");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog .err:has-text('Mời ghi vì sao nhận thêm')");
    await expectAccessible(page);
    await expectNothingClipped(page);
    await picture(page, "overbook-dark");
    await page.fill("[data-field='despite']", "người ở xa, đã hẹn qua điện thoại");
    await page.keyboard.press("Enter");
    await page.waitForSelector("footer .said:has-text('Đã đặt hẹn cho Lò Thị Mai')");
    const after = await server.call("visit.slots", { service: "ho-tich", date });
    expect(after.slots[0]?.booked).toBe(2);
  });
});

describe("several services", () => {
  test("are added and taken away by keyboard, and stand on the result in their order", async () => {
    await page.keyboard.press("v");
    await page.waitForSelector("footer .said:has-text('Mời chọn việc')");
    await page.keyboard.press("2");
    for (const digit of ["3", "1", "4"]) {
      await page.keyboard.press("v");
      await page.waitForSelector("[aria-pressed='true']");
      await page.keyboard.press(digit);
      await page.waitForSelector("[aria-pressed='false']");
    }
    await page.waitForSelector(".sv:has(kbd:text('1')) .then:has-text('việc thứ 3')");
    await expectNothingClipped(page);
    await expectAccessible(page);
    // The same key takes it away again; Delete does at the mark itself.
    await page.keyboard.press("v");
    await page.keyboard.press("1");
    await expect.poll(() => page.locator(".then-row li").count()).toBe(2);
    await page.focus(".then-row li:last-child .x");
    await page.keyboard.press("Delete");
    await expect.poll(() => page.locator(".then-row li").count()).toBe(1);
    await expect.poll(focused).toContain("sv");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".tk:has-text('Vừa cấp số')");
    await expect
      .poll(() => page.locator(".services li").allInnerTexts())
      .toEqual([expect.stringContaining("Nội vụ"), expect.stringContaining("Khoa học")]);
    const { recent } = await server.call("queue.snapshot", {});
    const { visit } = await server.call("visit.get", { visit_id: recent[0]?.visit_id ?? "" });
    expect([visit.legs[0]?.service, (visit.planned ?? []).map((each) => each.service)]).toEqual([
      "noi-vu",
      ["khoa-hoc"],
    ]);
  });
});

describe("looking up a procedure", () => {
  test("shows its papers for what was said, and a digit chooses the service", async () => {
    const before = (await server.call("queue.snapshot", {})).revision;
    await page.keyboard.press("Control+k");
    await page.waitForSelector("dialog[open]");
    await page.keyboard.type("bao hiem y te", { delay: 5 });
    await page.waitForSelector("[role=option] mark");
    await expectAccessible(page);
    await page.keyboard.press("Enter");
    await page.waitForSelector(".entry ol li");
    const [hit] = await server.call("catalogue.search", { text: "bao hiem y te" });
    const entry = await server.call("catalogue.get", { code: hit?.code ?? "" });
    await expect.poll(() => page.locator(".entry ol li").count()).toBe(entry.papers.length);
    await expect.poll(() => page.innerText(".entry h3")).toBe(entry.name);
    await expectNothingClipped(page);
    await expectAccessible(page);
    expect((await server.call("queue.snapshot", {})).revision).toBe(before);
    await page.keyboard.press("3");
    await page.waitForSelector("dialog", { state: "detached" });
    await page.waitForSelector(".sv[aria-checked='true']:has(kbd:text('3'))");
  });

  test("closes by Esc and gives the focus back", async () => {
    await page.focus(".sv");
    await page.keyboard.press("Control+k");
    await page.waitForSelector("dialog[open] [role=option]");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog", { state: "detached" });
    await expect.poll(() => focused()).toContain("sv");
  });
});

test("what was said of a card stays behind on this screen", async () => {
  await scan(page, card);
  await page.waitForSelector("footer .said:has-text('Đã đọc thẻ.')");
  await page.keyboard.press("Control+3");
  await page.waitForSelector(".cases");
  await expect.poll(() => page.innerText("footer .said")).toBe("");
});
