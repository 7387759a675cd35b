//! Printers as an officer meets them: another one for a paper that failed, and the settings.
import { type AddressInfo, createServer } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { chooseProcedure, completeAll } from "./checklist.ts";
import {
  Server,
  enter,
  expectAccessible,
  expectNothingCovered,
  launch,
  newPage,
  picture,
} from "./harness.ts";

let server: Server;
let browser: Browser;
let page: Page;
let complaints: string[];
const DEAD = "tcp:127.0.0.1:1";

beforeAll(async () => {
  server = await Server.demo();
  browser = await launch();
  // Known to the branch because it is assigned to tickets.
  await server.call("printer.assign", { kind: "ticket", printer: `folder:${server.papers}` });
  await server.call("printer.assign", { kind: "receipt", printer: DEAD });
  const { visit_id } = await server.call("visit.register", {
    service: "ho-tich",
    applicant: { kind: "individual", name: "Mùa A Chu", phone: "0912345846" },
  });
  await server.call("queue.call", { visit_id, counter: 1 }, "ha");
  await server.call("leg.start", { visit_id }, "ha");
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});
beforeEach(async () => {
  ({ page, complaints } = await newPage(browser, { width: 1280, height: 720 }));
  return async () => {
    await page.context().close();
    expect(complaints).toEqual([]);
  };
});

test("a paper that failed goes to another printer, chosen by keys", async () => {
  await enter(page, server, "ha", 1, "desk");
  await page.waitForSelector(".vno");
  await page.keyboard.press("Control+k");
  await page.waitForSelector("[role=combobox]:focus");
  await chooseProcedure(page, "cap doi the bao hiem y te");
  await completeAll(page);
  await page.keyboard.press("F9");
  await page.waitForSelector(".card.fix button:has-text('Máy in khác')");
  await page.focus(".card.fix button:has-text('Máy in khác')");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog .row");
  await expectAccessible(page);
  // Back without choosing: the paper still waits.
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog", { state: "detached" });
  await page.waitForSelector(".card.fix button:has-text('Máy in khác'):focus");
  const before = server.printed().length;
  await page.keyboard.press("Enter");
  const { printers } = await server.call("printer.list", {});
  const other = printers.find((each) => each.id === `folder:${server.papers}`);
  await page.focus(`dialog .row:has-text("${other?.name}")`);
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog", { state: "detached" });
  await page.waitForSelector(".result:has-text('Đã in')");
  expect(server.printed().length).toBeGreaterThan(before);
  const jobs = await server.call("print.jobs", {});
  expect(jobs.filter((job) => job.kind === "receipt").map((job) => job.state)).toEqual(["done"]);
});

test("settings: a printer for each paper, the latest jobs, the look; all by keys", async () => {
  const [held] = await server.call("case.search", { text: "Mùa A Chu" });
  await server.call("print.submit", { kind: "receipt", id: held?.case_id ?? "", printer: DEAD }, "ha");
  await expect
    .poll(async () => (await server.call("print.jobs", {})).some((job) => job.state === "failed"))
    .toBe(true);
  await enter(page, server, "ha", 1, "desk");
  await page.keyboard.press("Control+,");
  await page.waitForSelector("dialog #printer-receipt");
  await expectAccessible(page);
  await page.waitForSelector(`#printer-receipt option[value="folder:${server.papers}"]`, {
    state: "attached",
  });
  await page.selectOption("#printer-receipt", `folder:${server.papers}`);
  await page.waitForSelector("footer .said:has-text('Đã ghi máy in')");
  expect((await server.call("printer.list", {})).receipt).toBe(`folder:${server.papers}`);
  // Whoever chooses nothing prints nothing, and is told so below.
  await page.selectOption("#printer-ticket", "");
  await expect.poll(async () => (await server.call("printer.list", {})).ticket ?? "").toBe("");
  // Set aside by keys, with a reason; without one the field says so and the paper stays.
  await page.focus("dialog li:has-text('Chưa in được') button:has-text('Bỏ lệnh in')");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog form input:focus");
  await page.keyboard.press("Enter");
  await page.waitForSelector("footer .said:has-text('Ô “Lý do” chưa có nội dung')");
  await page.keyboard.type("Người dân đã về", { delay: 45 });
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog li:has-text('bỏ in: Người dân đã về') .tag:has-text('Đã bỏ')");
  expect((await server.call("print.jobs", {})).some((job) => job.state === "failed")).toBe(false);
  await page.focus("dialog input[name=theme]:checked");
  await page.click("dialog label:has-text('Tối')");
  await expect.poll(() => page.evaluate(() => document.documentElement.dataset.theme)).toBe("dark");
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog", { state: "detached" });
  await page.waitForSelector("footer .st:has-text('Máy in sẵn sàng')");
});

test("a printer is set up and tried out, one is added by its address, a form gets its own", async () => {
  await enter(page, server, "ha", 1, "desk");
  await page.keyboard.press("Control+,");
  await page.getByText("Thiết lập từng máy in").focus();
  await page.keyboard.press("Enter");
  const mine = page.locator("fieldset").filter({ hasText: server.papers });
  await mine.waitFor();
  await mine.getByRole("button", { name: "In thử" }).click();
  await expect.poll(() => server.printed().some((name) => name.startsWith("in-thu"))).toBe(true);
  await page.waitForSelector("dialog li:has-text('Trang in thử') .tag:has-text('Đã in')");
  await page.getByLabel("Thêm máy in phiếu theo địa chỉ").fill("usb:1");
  await page.getByRole("button", { name: "Thêm", exact: true }).click();
  await page.getByText("serial:CỔNG@TỐC-ĐỘ").first().waitFor();
  await page.getByLabel("Thêm máy in phiếu theo địa chỉ").fill("serial:/dev/ttyUSB9@19200");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  const added = page.locator("fieldset").filter({ hasText: "/dev/ttyUSB9@19200" });
  await added.waitFor();
  await added.getByLabel("Giấy đang nạp").selectOption("roll58");
  await added.getByLabel("Số chấm ngang").fill("385");
  await added.getByRole("button", { name: "Lưu thiết lập" }).click();
  await added.getByText("chia hết cho 8").waitFor();
  await expectAccessible(page);
  await picture(page, "printers-setup-refused");
  await added.getByLabel("Số chấm ngang").fill("384");
  await added.getByRole("button", { name: "Lưu thiết lập" }).click();
  await page.waitForSelector("footer .said:has-text('Đã lưu thiết lập')");
  const { printers } = await server.call("printer.list", {});
  expect(printers.find((each) => each.id === "serial:/dev/ttyUSB9@19200")?.profile).toEqual({
    paper: "roll58",
    dots: 384,
  });
  await page.getByText("Biểu mẫu dùng máy in riêng").click();
  await page.selectOption("#printer-control", `folder:${server.papers}`);
  await expect
    .poll(async () => (await server.call("printer.list", {})).forms)
    .toEqual([{ kind: "control", printer: `folder:${server.papers}` }]);
  await picture(page, "printers-setup");
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog", { state: "detached" });
});

test.each(["light", "dark"] as const)(
  "papers that failed stand first, counted, whatever was printed since, and go again all at once, %s",
  async (theme) => {
    await page.context().close();
    ({ page, complaints } = await newPage(browser, { width: 1280, height: 720, theme }));
    const whole = `folder:${server.papers}`;
    for (const { job_id, state } of await server.call("print.jobs", {}))
      if (state === "failed") await server.call("print.cancel", { job_id, reason: "Của lần trước" });
    // A ticket printer that takes whatever it is sent, put in place of the broken one.
    const fresh = createServer((socket) => socket.resume());
    const port = await new Promise<number>((resolve) =>
      fresh.listen(0, "127.0.0.1", () => resolve((fresh.address() as AddressInfo).port)),
    );
    onTestFinished(() => void fresh.close());
    await server.call("printer.assign", { kind: "ticket", printer: `tcp:127.0.0.1:${port}` });
    const { visit_id: id, ticket } = await server.call("visit.register", { service: "ho-tich" });
    await server.call("print.submit", { kind: "ticket", id, printer: DEAD });
    await server.call("print.submit", { kind: "ticket", id, printer: DEAD });
    for (let n = 0; n < 53; n++) await server.call("print.submit", { kind: "ticket", id, printer: whole });
    await expect
      .poll(
        async () => {
          const states = (await server.call("print.jobs", {})).map((job) => job.state);
          return [states.filter((state) => state === "failed").length, states.includes("queued")];
        },
        { timeout: 20_000 },
      )
      .toEqual([2, false]);
    await enter(page, server, "lan", 1, "supervisor");
    await page.waitForSelector("footer .st.bad:has-text('2 bản chưa in được')");
    await page.waitForSelector(".al:has-text('2 bản chưa in được'), main:has-text('2 bản chưa in được')");
    await page.click("footer .st.bad");
    await page.waitForSelector("dialog h3:has-text('Chưa in được: 2')");
    await expect.poll(() => page.locator("dialog .wait li").count()).toBe(2);
    await page.waitForSelector(`dialog .wait li:has-text("${ticket}")`);
    await picture(page, `print-jobs-${theme}`);
    await expectAccessible(page);
    await expectNothingCovered(page, "dialog");
    await page.focus("dialog button:has-text('In lại tất cả (2)')");
    await page.keyboard.press("Enter");
    await page.waitForSelector("footer .said:has-text('Đã gửi in lại 2 bản.')");
    await page.waitForSelector("dialog .wait", { state: "detached" });
    await page.waitForSelector("footer .st:not(.bad)");
  },
);
