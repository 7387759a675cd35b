//! Several services in one visit, closing somebody who never came, and what is read whole by keys.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { CatalogueEntry } from "../src/lib/gen/CatalogueEntry.ts";
import { chooseProcedure } from "./checklist.ts";
import { Server, enter, expectAccessible, expectNothingClipped, launch, newPage } from "./harness.ts";

let server: Server;
let browser: Browser;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  server = await Server.demo();
  browser = await launch();
  // Counter 1 does not give results out; a person may be closed after one miss, at once.
  const { branch } = await server.call("branch.get", {}, "quan-tri");
  const counters = branch.counters.map((each) =>
    each.number === 1 ? { ...each, services: ["ho-tich", "noi-vu"] } : each,
  );
  const queue = { ...branch.queue, missed_max: 1, missed_wait_s: 0 };
  await server.call("branch.configure", { branch: { ...branch, counters, queue } }, "quan-tri");
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});
beforeEach(async () => {
  ({ page, complaints } = await newPage(browser));
  return async () => {
    await page.context().close();
    expect(complaints).toEqual([]);
  };
});

const said = (text: string) => page.waitForSelector(`footer .said:has-text("${text}")`);
const gone = () => page.waitForSelector("dialog", { state: "detached" });
async function queueUp(name: string) {
  const { visit_id, ticket } = await server.call("visit.register", {
    service: "ho-tich",
    applicant: { kind: "individual", name },
  });
  return { visit_id, ticket };
}
async function serve(): Promise<void> {
  await page.waitForSelector(".rail .rb.p:has-text('F2')");
  await page.keyboard.press("F2");
  await page.waitForSelector(".tag:has-text('Đang gọi')");
  await page.keyboard.press("F4");
  await page.waitForSelector(".tag:has-text('Đang phục vụ')");
}
const planned = async (visit_id: string) =>
  ((await server.call("visit.get", { visit_id })).visit.planned ?? []).map((each) => each.service);

describe("desk", () => {
  test("services are added in order by digits, done here one after the other, or through the queue", async () => {
    const { visit_id, ticket } = await queueUp("Lò Thị Mai");
    await enter(page, server, "ha", 1, "desk");
    // Nobody here: the key says why nothing happens.
    await page.keyboard.press("Control+d");
    await said("chưa có ai");
    await serve();
    const before = await page.evaluate(() => document.activeElement?.getAttribute("role"));
    await page.keyboard.press("Control+d");
    await page.waitForSelector("dialog [data-shortkeys]");
    await page.keyboard.press("4");
    await page.waitForSelector("dialog label.on:has-text('Nhận kết quả')");
    // Chosen by mistake, and again.
    await page.keyboard.press("4");
    await page.waitForSelector("dialog label.on", { state: "detached" });
    await page.keyboard.press("2");
    await page.waitForSelector("dialog label.on:has-text('Nội vụ')");
    await page.keyboard.press("4");
    await page.waitForSelector("dialog label.on:has-text('thứ 2')");
    await expectAccessible(page);
    await page.keyboard.press("Enter");
    await said(`${ticket} làm thêm: Nội vụ, người có công, Nhận kết quả`);
    await gone();
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute("role"))).toBe(before);
    await expect.poll(() => planned(visit_id)).toEqual(["noi-vu", "tra-ket-qua"]);
    await page.waitForSelector(".l3:has-text('Nội vụ, người có công và 1 việc nữa')");
    await page.waitForSelector(".rail .rb:has-text('F10'):has-text('còn việc')");

    // Not yet; then here and now.
    await page.keyboard.press("F10");
    await page.waitForSelector("dialog:has-text('còn việc')");
    await expectAccessible(page);
    await page.keyboard.press("Escape");
    await gone();
    expect((await server.call("visit.get", { visit_id })).visit.legs).toHaveLength(1);
    await page.keyboard.press("F10");
    await page.waitForSelector("dialog");
    await page.keyboard.press("F4");
    await said(`${ticket} làm tiếp việc “Nội vụ, người có công”`);
    await page.waitForSelector(".tag:has-text('Đang phục vụ')");
    let view = await server.call("visit.get", { visit_id });
    expect(view.visit.legs.map((leg) => [leg.service, leg.state])).toEqual([
      ["ho-tich", "closed"],
      ["noi-vu", "serving"],
    ]);

    // The last one is not done at this desk: it says so, and the number goes into the queue.
    await page.keyboard.press("F10");
    await page.waitForSelector("dialog:has-text('Quầy này không làm việc')");
    await page.keyboard.press("F4");
    await expect.poll(() => page.locator("dialog").count()).toBe(1);
    expect((await server.call("visit.get", { visit_id })).state).toBe("serving");
    await page.keyboard.press("F10");
    await said(`Đã xong việc này của ${ticket}`);
    await page.waitForSelector(".visit.none");
    view = await server.call("visit.get", { visit_id });
    expect([view.state, view.visit.legs.at(-1)?.service]).toEqual(["waiting", "tra-ket-qua"]);
    // The place is as old as the first ticket.
    expect(view.visit.legs[2]?.rank_ms).toBe(view.visit.legs[0]?.rank_ms);
    await server.call("leg.leave", { visit_id });
  });

  test("somebody who never came is closed from the missed list, and comes back by undo", async () => {
    const { visit_id, ticket } = await queueUp("Hoàng Văn Ký");
    await enter(page, server, "ha", 1, "desk");
    await page.waitForSelector(".rail .rb.p:has-text('F2')");
    await page.keyboard.press("F2");
    await page.waitForSelector(".tag:has-text('Đang gọi')");
    await page.keyboard.press("F8");
    await said("vắng mặt");
    await page.keyboard.press("Control+m");
    await page.waitForSelector(`button[aria-label="Mở lượt ${ticket}"]:focus`);
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog:has-text('đã gọi, chưa đến')");
    await expectAccessible(page);
    await page.keyboard.press("Escape");
    await gone();
    await page.waitForSelector(`button[aria-label="Mở lượt ${ticket}"]:focus`);
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog");
    await page.keyboard.press("F8");
    await said(`Đã đóng ${ticket} là không đến`);
    await gone();
    let { visit } = await server.call("visit.get", { visit_id });
    expect(visit.legs[0]?.outcome).toBe("NO_SHOW");
    await page.keyboard.press("Control+z");
    await page.waitForSelector(`.que .q:has-text("${ticket}")`);
    ({ visit } = await server.call("visit.get", { visit_id }));
    expect(visit.legs.map((leg) => leg.state)).toEqual(["closed", "waiting"]);
    await server.call("leg.leave", { visit_id });
  });

  test("from the lists by keys: back after a miss, called out of turn, gone home", async () => {
    const people = [];
    for (const name of ["Vi Thị Đẹp", "Hà Thị Nguyệt", "Tạ Đình Phong"]) people.push(await queueUp(name));
    const [first, second, third] = people;
    if (!first || !second || !third) throw new Error("three people");
    const state = async (visit_id: string) => (await server.call("visit.get", { visit_id })).state;
    await server.call("queue.call", { visit_id: first.visit_id, counter: 1 }, "ha");
    await server.call("leg.miss", { visit_id: first.visit_id }, "ha");
    await enter(page, server, "ha", 1, "desk");
    await page.waitForSelector(".m.two .open");
    await page.keyboard.press("Control+m");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog [data-focus]:focus");
    await page.keyboard.press("Enter");
    await said(`${first.ticket} đã quay lại hàng`);
    await expect.poll(() => state(first.visit_id)).toBe("waiting");

    await page.focus(`.q:has-text("${third.ticket}")`);
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog button:has-text('Người này đã về')");
    await page.focus("dialog button:has-text('Người này đã về')");
    await page.keyboard.press("Enter");
    await said(`Đã ghi ${third.ticket} ra về`);
    await expect.poll(() => state(third.visit_id)).toBe("closed");

    await page.focus(`.q:has-text("${second.ticket}")`);
    await page.keyboard.press("Enter");
    await page.waitForSelector(`dialog button:has-text("Gọi ${second.ticket}")`);
    await page.focus(`dialog button:has-text("Gọi ${second.ticket}")`);
    await page.keyboard.press("Enter");
    await said(`Đã gọi ${second.ticket}`);
    await expect.poll(() => state(second.visit_id)).toBe("called");
    for (const { visit_id } of [first, second]) await server.call("leg.leave", { visit_id });
  });

  test("before its time the closing says why not", async () => {
    const { branch } = await server.call("branch.get", {}, "quan-tri");
    const rules = branch.queue;
    await server.call(
      "branch.configure",
      { branch: { ...branch, queue: { ...rules, missed_wait_s: 1800 } } },
      "quan-tri",
    );
    const { visit_id } = await queueUp("Phạm Quốc Dũng");
    await server.call("queue.call", { visit_id, counter: 1 }, "ha");
    await server.call("leg.miss", { visit_id });
    await enter(page, server, "ha", 1, "desk");
    await page.waitForSelector(".m.two .open");
    await page.keyboard.press("Control+m");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog button[aria-disabled=true]:has-text('Đóng là không đến')");
    await page.waitForSelector("dialog:has-text('đóng được sau')");
    await page.keyboard.press("F8");
    await expect.poll(() => page.locator("dialog").count()).toBe(1);
    expect((await server.call("visit.get", { visit_id })).state).toBe("missed");
    await server.call("leg.leave", { visit_id });
    await server.call("branch.configure", { branch }, "quan-tri");
  });

  test("a due date is explained whole, and a very long paper leaves five in view", async () => {
    const long = `Văn bản ${"chứng minh quyền sử dụng đất hợp pháp của người nộp ".repeat(7)}(bản sao)`;
    await page.route("**/rpc/catalogue.get", async (route) => {
      const response = await route.fetch();
      const entry = (await response.json()) as CatalogueEntry;
      const [first] = entry.papers;
      if (!first) throw new Error("no papers");
      const papers = [0, 1, 2, 3, 4, 5].map((i) => ({ ...first, name: i === 1 ? long : `Giấy tờ ${i}` }));
      await route.fulfill({ response, json: { ...entry, papers } });
    });
    await queueUp("Nguyễn Thị Ánh Tuyết");
    await enter(page, server, "ha", 1, "desk");
    await serve();
    await page.waitForSelector("[role=combobox]:focus");
    await chooseProcedure(page, "cap doi the bao hiem y te");
    await page.keyboard.press("ArrowDown");
    await page.waitForSelector(".whole");
    await expect.poll(() => page.innerText(".whole")).toBe(`2. ${long}`);
    const seen = await page.evaluate(() => {
      const box = document.querySelector(".chk")?.getBoundingClientRect();
      const detail = document.querySelector(".whole")?.getBoundingClientRect();
      const bottom = Math.min(box?.bottom ?? 0, detail?.top ?? 0);
      return [...document.querySelectorAll("[role=grid] tbody tr")].filter(
        (row) => row.getBoundingClientRect().bottom <= bottom + 1,
      ).length;
    });
    expect(seen).toBeGreaterThanOrEqual(5);
    await expectAccessible(page);
    await page.keyboard.press("ArrowUp");
    await page.waitForSelector(".whole", { state: "detached" });

    await page.waitForSelector(".days li");
    const cell = await page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
    await page.keyboard.press("Control+h");
    await page.waitForSelector("dialog tbody tr");
    // The sentence that the box cuts short stands here to its end.
    const [cut, whole] = await Promise.all([page.innerText(".due .why"), page.innerText("dialog ul")]);
    expect(whole.replace(/\s+/g, " ")).toBe(cut.replace(/\s+/g, " "));
    await expect.poll(() => page.locator("dialog tbody tr").count()).toBeGreaterThan(2);
    await expectAccessible(page);
    await page.keyboard.press("Escape");
    await gone();
    await expect
      .poll(() => page.evaluate(() => document.activeElement?.getAttribute("aria-label")))
      .toBe(cell);
    await page.keyboard.press("F10");
    await said("Đã kết thúc lượt");
  });

  test("every new question is read by everybody in the dark too, and gives the focus back", async () => {
    const { visit_id } = await queueUp("Đặng Hữu Nghĩa");
    await server.call("queue.call", { visit_id, counter: 1 }, "ha");
    await server.call("leg.start", { visit_id }, "ha");
    await server.call("leg.add_service", { visit_id, service: "noi-vu" }, "ha");
    const absent = await queueUp("Bùi Thị Hường");
    await server.call("queue.call", { visit_id: absent.visit_id, counter: 2 }, "dung");
    await server.call("leg.miss", { visit_id: absent.visit_id }, "dung");
    const dark = await newPage(browser, { width: 1280, height: 720, theme: "dark" });
    const at = dark.page;
    await enter(at, server, "ha", 1, "desk");
    await at.waitForSelector(".l3");
    await expectNothingClipped(at);
    await expectAccessible(at);
    await at.focus(".m.two .open");
    for (const key of ["Control+d", "F10", "Enter"]) {
      await at.keyboard.press(key);
      await at.waitForSelector("dialog[open] :focus");
      await expectAccessible(at);
      await at.keyboard.press("Escape");
      await at.waitForSelector("dialog", { state: "detached" });
      await at.waitForSelector(".m.two .open:focus");
    }
    await at.context().close();
    expect(dark.complaints).toEqual([]);
    for (const id of [visit_id, absent.visit_id]) await server.call("leg.leave", { visit_id: id });
  });
});
