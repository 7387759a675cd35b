import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { chooseProcedure, completeAll } from "./checklist.ts";
import {
  Server,
  enter,
  expectAccessible,
  expectNothingClipped,
  expectNothingCovered,
  launch,
  newPage,
  picture,
} from "./harness.ts";

const person = {
  kind: "individual" as const,
  name: "Triệu Thị Kim Oanh",
  id_number: "001187004521",
  phone: "0912345846",
};
let server: Server;
let browser: Browser;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  server = await Server.demo();
  browser = await launch();
  await server.call("printer.assign", { kind: "receipt", printer: `folder:${server.papers}` });
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

async function queueUp(name = person.name): Promise<string> {
  const { ticket } = await server.call("visit.register", {
    service: "ho-tich",
    applicant: { ...person, name },
  });
  return ticket;
}
/** What a phone would read, by a reader that is not ours. */
function readQr(png: Buffer): string {
  const folder = mkdtempSync(join(tmpdir(), "motcua-qr-"));
  try {
    writeFileSync(join(folder, "qr.png"), png);
    return execFileSync("zbarimg", ["--quiet", "--raw", join(folder, "qr.png")], { encoding: "utf8" }).trim();
  } finally {
    rmSync(folder, { recursive: true });
  }
}
const said = (text: string) => page.waitForSelector(`footer .said:has-text("${text}")`);

/** From the empty desk to a chosen procedure, by keys alone. */
async function serveNext(): Promise<void> {
  await page.waitForSelector(".rail .rb.p:has-text('F2')");
  await page.keyboard.press("F2");
  await page.waitForSelector(".tag:has-text('Đang gọi')");
  await page.keyboard.press("F4");
  await page.waitForSelector(".tag:has-text('Đang phục vụ')");
  await page.waitForSelector("[role=combobox]:focus");
}
async function leave(): Promise<void> {
  await page.keyboard.press("F10");
  await said("Đã kết thúc lượt");
}

describe("desk", () => {
  test("by keys alone from the call to the receipt in the printer", async () => {
    const served = async () => (await server.call("day.figures", {})).served;
    const servedBefore = await served();
    const ticket = await queueUp();
    await enter(page, server, "ha", 1, "desk");
    await serveNext();
    await chooseProcedure(page, "cap doi the bao hiem y te");
    await completeAll(page);
    await expect.poll(() => page.locator("[role=grid] .tag:has-text('Đủ')").count()).toBeGreaterThan(0);
    const before = server.printed().length;
    await page.keyboard.press("F9");
    await page.waitForSelector(".result .code");
    await page.waitForSelector(".result:has-text('Đã in')");
    expect(server.printed().length).toBeGreaterThan(before);
    const [row] = await server.call("case.search", { text: person.name });
    await expect.poll(() => page.locator(".result .code").innerText()).toBe(row?.case_code);
    await leave();
    expect(await served()).toBe(servedBefore + 1);
    // Finished by mistake: the visit comes back with its case.
    await page.keyboard.press("Control+z");
    await page.waitForSelector(`.vno:has-text("${ticket}")`);
    await page.waitForSelector(".result .code");
    await leave();
  });

  test("a required paper is missing: back, or a stated ground that is recorded", async () => {
    await queueUp("Lò Thị Mai");
    await enter(page, server, "ha", 1, "desk");
    await serveNext();
    await chooseProcedure(page, "cap doi the bao hiem y te");
    await page.keyboard.press("F9");
    await page.waitForSelector("dialog:has-text('giấy tờ bắt buộc')");
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog", { state: "detached" });
    await expect.poll(() => page.locator("tr.missing").count()).toBeGreaterThan(0);
    expect(await server.call("case.search", { text: "Lò Thị Mai" })).toHaveLength(0);
    await page.keyboard.press("F9");
    await page.waitForSelector("dialog");
    await page.fill("#ground-text", "Đã có trong cơ sở dữ liệu quốc gia");
    await page.keyboard.press("F9");
    await page.waitForSelector(".result .code");
    const [row] = await server.call("case.search", { text: "Lò Thị Mai" });
    const { case: recorded } = await server.call("case.get", { id: row?.case_id });
    expect(recorded.missing_ground).toBe("Đã có trong cơ sở dữ liệu quốc gia");
    expect(recorded.missing?.length).toBeGreaterThan(0);
    await leave();
  });

  test("a dead printer never blocks: the case is safe, another printer takes the paper", async () => {
    await queueUp("Mùa A Chu");
    await server.call("printer.assign", { kind: "receipt", printer: "tcp:127.0.0.1:1" });
    await enter(page, server, "ha", 1, "desk");
    await serveNext();
    await chooseProcedure(page, "cap doi the bao hiem y te");
    await completeAll(page);
    await page.keyboard.press("F9");
    await page.waitForSelector(".card.fix:has-text('Chưa in được giấy tiếp nhận')");
    const [row] = await server.call("case.search", { text: "Mùa A Chu" });
    expect(row?.status).toBe("received");
    await server.call("printer.assign", { kind: "receipt", printer: `folder:${server.papers}` });
    const failed = (await server.call("print.jobs", {})).find((job) => job.state === "failed");
    const before = server.printed().length;
    await server.call("print.retry", { job_id: failed?.job_id ?? "", printer: `folder:${server.papers}` });
    await page.waitForSelector(".result:has-text('Đã in')");
    expect(server.printed().length).toBeGreaterThan(before);
    await leave();
  });

  test("a key pressed twice acts once; a call made by mistake keeps the wait", async () => {
    const first = await queueUp("Vi Thị Đẹp");
    await queueUp("Hà Thị Nguyệt");
    await enter(page, server, "ha", 1, "desk");
    await page.waitForSelector(".rail .rb.p:has-text('F2')");
    await Promise.all([page.keyboard.press("F2"), page.keyboard.press("F2"), page.keyboard.press("F2")]);
    await said(`Đã gọi ${first}`);
    const { called, waiting } = await server.call("queue.snapshot", {});
    expect([called.length, waiting.length]).toEqual([1, 1]);
    await page.keyboard.press("Control+z");
    await said("Đã rút lại lượt gọi");
    const after = await server.call("queue.snapshot", {});
    expect(after.waiting[0]?.ticket).toBe(first);
    for (const row of after.waiting) await server.call("leg.void", { visit_id: row.visit_id, reason: "thử" });
  });

  test("what was typed outlives a reload, F5 does nothing, and busy is asked about", async () => {
    await queueUp("Sầm Văn Toản");
    await queueUp("Tạ Đình Phong");
    await enter(page, server, "ha", 1, "desk");
    await serveNext();
    await chooseProcedure(page, "cap doi the bao hiem y te");
    await page.keyboard.press("2");
    await page.waitForSelector("[role=grid] .cn.has");
    await page.keyboard.press("F5");
    await page.fill("#notes", "Gọi trước khi trả");
    await page.reload();
    await page.waitForSelector("[role=grid]");
    await expect.poll(() => page.inputValue("#notes")).toBe("Gọi trước khi trả");
    await expect.poll(() => page.locator("[role=grid] .cn.has").first().innerText()).toBe("2");
    await page.keyboard.press("F2");
    await page.waitForSelector("dialog:has-text('đang được phục vụ')");
    await page.keyboard.press("F6");
    await said("Đã gọi");
    const queue = await server.call("queue.snapshot", {});
    expect([queue.held.length, queue.called.length]).toEqual([1, 1]);
    await page.keyboard.press("F8");
    await said("vắng mặt");
    // The one on hold comes back with everything that was typed.
    await page.click("li.m button:has-text('Tiếp tục')");
    await page.waitForSelector("[role=grid] .cn.has");
    await expect.poll(() => page.inputValue("#notes")).toBe("Gọi trước khi trả");
    await leave();
  });

  test("somebody without a name is typed in at the desk, letter by letter, and the queue learns the name", async () => {
    const { visit_id } = await server.call("visit.register", { service: "ho-tich" });
    await enter(page, server, "ha", 1, "desk");
    await serveNext();
    await chooseProcedure(page, "cap doi the bao hiem y te");
    await page.click("[data-field='applicant.name']");
    await page.keyboard.type("Nguyen Thi Anh Tuyet", { delay: 45 });
    await page.keyboard.press("Tab");
    await page.keyboard.type("12345", { delay: 45 });
    await page.keyboard.press("Tab");
    await page.keyboard.type("09", { delay: 45 });
    await page.keyboard.press("Tab");
    // The rule's own sentence stands at the field.
    await page.waitForSelector("[data-field='applicant.phone'][aria-invalid='true']");
    await page.fill("[data-field='applicant.phone']", "0912 345 846");
    await page.keyboard.press("Tab");
    await page.waitForSelector("[data-field='applicant.phone'][aria-invalid='true']", { state: "detached" });
    await expect
      .poll(async () => (await server.call("visit.get", { visit_id })).visit.applicant?.name)
      .toBe("Nguyen Thi Anh Tuyet");
    await page.keyboard.press("Escape");
    await page.waitForSelector("[data-party]", { state: "detached" });
    await leave();
  });

  test("a fee is paid by phone: a code that a phone reads, with amount and purpose", async () => {
    await queueUp("Lương Thị Sen");
    await enter(page, server, "ha", 1, "desk");
    await serveNext();
    await chooseProcedure(page, "cap lai the bao hiem y te");
    await page.selectOption("#fee-method", "transfer");
    await page.focus("button:has-text('Hiện mã QR')");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog svg[role=img]");
    await expectAccessible(page);
    await expectNothingClipped(page);
    await picture(page, "pay");
    const read = await readQr(await page.locator("dialog svg[role=img]").screenshot());
    expect(read).toMatch(
      /^000201010212.*53037045404(2000)5802VN62\d\d08\d\dH99 12 A 0\d\d \d{6}6304[0-9A-F]{4}$/,
    );
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog", { state: "detached" });
    await leave();
  });

  test("a fee that cannot be read is refused at its field, and nothing is sent", async () => {
    await queueUp("Hà Văn Dũng");
    await enter(page, server, "ha", 1, "desk");
    await serveNext();
    await chooseProcedure(page, "1.001193");
    await page.focus("#fee-amount");
    await page.keyboard.type("-8000", { delay: 50 });
    await page.keyboard.press("F9");
    await page.waitForSelector("#fee .err:has-text('Chưa rõ số tiền')");
    await page.waitForSelector("#fee-amount[aria-invalid='true']:focus");
    await expect.poll(() => page.locator("dialog").count()).toBe(0);
    expect(await server.call("case.search", { text: "Hà Văn Dũng" })).toHaveLength(0);
    await expectAccessible(page);
    await picture(page, "fee-unclear");
    await page.fill("#fee-amount", "8.000");
    await page.keyboard.press("F9");
    await page.waitForSelector("dialog #ground-text");
    await page.fill("#ground-text", "Công dân bổ sung sau");
    await page.keyboard.press("F9");
    await page.waitForSelector(".result .code");
    const [row] = await server.call("case.search", { text: "Hà Văn Dũng" });
    expect((await server.call("case.get", { id: row?.case_id })).money.charged).toBe(8000);
    await leave();
  });

  test.each(["light", "dark"] as const)("the catalogue's fee is corrected at the desk, %s", async (theme) => {
    const name = theme === "light" ? "Hà Thị Sáng" : "Hà Thị Tối";
    await queueUp(name);
    await page.context().close();
    ({ page, complaints } = await newPage(browser, { width: 1280, height: 720, theme }));
    await enter(page, server, "ha", 1, "desk");
    await serveNext();
    await chooseProcedure(page, "2.000815");
    const amount = page.locator("#fee-amount");
    await expect.poll(() => amount.inputValue()).toBe("2.000");
    // It follows the sets until another amount is typed; what the catalogue says stays below.
    await page.fill("#sets", "3");
    await expect.poll(() => amount.inputValue()).toBe("6.000");
    await picture(page, `fee-${theme}`);
    await page.click("#fee-note:has-text('2.000 đồng/trang')");
    await page.waitForSelector("dialog:has-text('từ trang thứ 3 trở lên thu 1.000 đồng/trang')");
    await expectAccessible(page);
    await picture(page, `fee-note-${theme}`);
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog", { state: "detached" });
    await amount.click();
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Delete");
    await expect.poll(() => amount.inputValue()).toBe("");
    await page.keyboard.press("Tab");
    await expect.poll(() => amount.inputValue()).toBe("6.000");
    await amount.click();
    await page.keyboard.press("Control+a");
    await page.keyboard.type("15.000", { delay: 50 });
    await page.fill("#sets", "4");
    await expect.poll(() => amount.inputValue()).toBe("15.000");
    await page.click("[role=grid] [data-cell]");
    await completeAll(page);
    await page.keyboard.press("F9");
    await page.waitForSelector(".result .code");
    const [row] = await server.call("case.search", { text: name });
    expect((await server.call("case.get", { id: row?.case_id })).case.fee?.amount).toBe(15000);
    await leave();
  });

  test("online the date is that of the online channel, where the catalogue has another", async () => {
    const fee = { PHILEPHI: [{ SOTIEN: 0, DONVI: "VND" }], DONVITINH: "Ngày làm việc", MOTA: "" };
    const procedure = {
      MATTHC: "9.000001",
      TENTTHC: "Thủ tục hai kênh",
      CAPTHUCHIEN: "Cấp xã",
      LINHVUCTHUCHIEN: [{ TENLINHVUC: "Hộ tịch" }],
      CACHTHUCTHUCHIEN: [
        { KENH: "1", THOIGIAN: [{ THOIGIANGIAIQUYET: 10, ...fee }] },
        { KENH: "2", THOIGIAN: [{ THOIGIANGIAIQUYET: 2, ...fee }] },
      ],
      THANHPHANHOSO: [{ TRUONGHOP: "", GIAYTO: [{ TENGIAYTO: "Tờ khai", SOBANCHINH: 1, SOBANSAO: 0 }] }],
    };
    const file = Buffer.from(JSON.stringify({ procedures: [procedure] })).toString("base64");
    const imported = await server.call(
      "catalogue.import",
      { file_name: "hai-kenh.json", content_base64: file },
      "quan-tri",
    );
    expect(imported.imported).toBe(1);
    await queueUp("Hà Văn Mạng");
    await enter(page, server, "ha", 1, "desk");
    await serveNext();
    await chooseProcedure(page, "9.000001");
    const told = () => page.locator(".due .big").innerText();
    await page.waitForSelector(".due .days");
    const counter = await told();
    await page.keyboard.press("Control+.");
    await page.click("dialog label:has-text('Trực tuyến')");
    await page.fill("dialog [data-field='online.code']", "DVC-2026-1");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".due:has-text('kênh trực tuyến') .days");
    const online = await told();
    expect(online).not.toBe(counter);
    await picture(page, "due-online");
    await page.click("[role=grid] [data-cell]");
    await completeAll(page);
    await page.keyboard.press("F9");
    await page.waitForSelector(".result .code");
    const [row] = await server.call("case.search", { text: "Hà Văn Mạng" });
    const { due_at } = await server.call("case.get", { id: row?.case_id });
    const [year, month, day] = due_at?.slice(0, 10).split("-") ?? [];
    expect(online).toContain(`${day}/${month}/${year}`);
    await leave();
  });

  test("a second case in the same visit, each with its own code", async () => {
    await queueUp("Quàng Thị Inh");
    await enter(page, server, "ha", 1, "desk");
    await serveNext();
    for (const [i, text] of ["cap doi the bao hiem y te", "cap lai the bao hiem y te"].entries()) {
      if (i > 0) {
        await page.keyboard.press("Control+t");
        await page.waitForSelector("[role=combobox]:focus");
      }
      await chooseProcedure(page, text);
      await completeAll(page);
      await page.keyboard.press("F9");
      await page.waitForSelector(`[role=tab][aria-selected=true]:has(svg):nth-child(${i + 1})`);
      await page.waitForSelector(".result .code");
    }
    await expect.poll(() => server.call("case.search", { text: "Quàng Thị Inh" })).toHaveLength(2);
    await leave();
  });

  test("who was here before is not asked again: one key takes it over, and it is counted", async () => {
    const known = {
      name: "Vàng Thị Một",
      id_number: "001190000088",
      phone: "0912345678",
      address: "Bản Mòng",
    };
    const [hit] = await server.call("catalogue.search", { text: "khai sinh" });
    await server.call("case.receive", {
      procedure_code: hit?.code ?? "",
      applicant: { kind: "individual" as const, ...known },
      papers: [],
      missing_ground: "Công dân bổ sung sau",
    });
    await server.call("visit.register", { service: "ho-tich" });
    await page.context().close();
    ({ page, complaints } = await newPage(browser, { width: 1280, height: 720 }));
    await enter(page, server, "ha", 1, "desk");
    await serveNext();
    await chooseProcedure(page, "cap doi the bao hiem y te");
    await page.click("[data-field='applicant.phone']");
    await page.keyboard.type("0987654321", { delay: 45 });
    await page.click("[data-field='applicant.id_number']");
    await page.keyboard.type(known.id_number, { delay: 45 });
    await page.waitForSelector(".known:has-text('Họ và tên, Địa chỉ')");
    await expectAccessible(page);
    await expectNothingCovered(page);
    await picture(page, "desk-known");
    await page.keyboard.press("Control+g");
    await expect.poll(() => page.inputValue("[data-field='applicant.name']")).toBe(known.name);
    await expect.poll(() => page.inputValue("[data-field='applicant.address']")).toBe(known.address);
    await expect.poll(() => page.inputValue("[data-field='applicant.phone']")).toBe("0987654321");
    await page.waitForSelector(".known", { state: "detached" });
    await page.click("[role=grid] tbody tr:not(.group) [data-cell]");
    await completeAll(page);
    const before = (await server.call("day.figures", {})).reuse;
    await page.keyboard.press("F9");
    await page.waitForSelector(".result .code");
    const [row] = await server.call("case.search", { text: known.name });
    const { case: recorded } = await server.call("case.get", { id: row?.case_id });
    expect(recorded.applicant.taken_over?.toSorted()).toEqual(["address", "name"]);
    const { data, data_reused } = (await server.call("day.figures", {})).reuse;
    expect([data - before.data, data_reused - before.data_reused]).toEqual([4, 2]);
    await leave();
  });

  test.each(["light", "dark"] as const)(
    "received for another agency: three places, by keys alone, and the case says all of them, %s",
    async (theme) => {
      const name = theme === "light" ? "Lý Láo Tả" : "Lý Láo San";
      await queueUp(name);
      await page.context().close();
      ({ page, complaints } = await newPage(browser, { width: 1280, height: 720, theme }));
      await enter(page, server, "ha", 1, "desk");
      await serveNext();
      await chooseProcedure(page, "cap doi the bao hiem y te");
      await page.keyboard.press("Control+.");
      await page.waitForSelector("dialog[open] input[name=channel]");
      await page.focus("dialog input[name=channel]:checked");
      await page.keyboard.press("ArrowLeft");
      await page.waitForSelector("[data-field='on_behalf.competent']");
      // Nobody competent is no way of handing in.
      await page.keyboard.press("Enter");
      await page.waitForSelector("dialog .err:has-text('cơ quan có thẩm quyền')");
      await page.waitForSelector("[data-field='on_behalf.competent'][aria-invalid='true']:focus");
      await picture(page, `channel-refused-${theme}`);
      await page.keyboard.press("Shift+Tab");
      const places = { competent: "Sở Y tế", receipt: "UBND phường Chiềng Lề", help: "UBND xã Mường La" };
      for (const [field, place] of Object.entries(places)) {
        await page.keyboard.press("Tab");
        await page.waitForSelector(`[data-field='on_behalf.${field}']:focus`);
        await page.keyboard.type(place, { delay: 45 });
      }
      await expectAccessible(page);
      await expectNothingClipped(page);
      await picture(page, `channel-${theme}`);
      await page.keyboard.press("Enter");
      await page.waitForSelector("dialog", { state: "detached" });
      // No date is told that would not hold.
      await page.waitForSelector(".due:has-text('Chưa có ngày hẹn'):has-text('từ khi Sở Y tế nhận được')");
      await expect.poll(() => page.locator(".due .days").count()).toBe(0);
      await picture(page, `due-another-${theme}`);
      await page.click("[role=grid] tbody tr:not(.group) [data-cell]");
      await completeAll(page);
      await page.keyboard.press("F9");
      await page.waitForSelector(".result .code");
      const [row] = await server.call("case.search", { text: name });
      const { case: recorded } = await server.call("case.get", { id: row?.case_id });
      expect(recorded.due_ms ?? null).toBeNull();
      expect(recorded.on_behalf).toEqual(places);
      await leave();
      await page.goto(`${server.url}/#cases`);
      await page.reload();
      await page.fill("#case-search", name);
      await page.waitForSelector(`.cases tbody tr:first-child:has-text('${name}')`);
      await page.keyboard.press("Enter");
      for (const place of Object.values(places)) await page.waitForSelector(`.drawer:has-text('${place}')`);
      // It goes on to whoever is competent.
      await page.keyboard.press("F6");
      await page.waitForSelector("dialog[open] [data-field='to']");
      await expect.poll(() => page.inputValue("dialog [data-field='to']")).toBe(places.competent);
      await page.keyboard.press("Escape");
      await page.waitForSelector("dialog", { state: "detached" });
      await picture(page, `drawer-places-${theme}`);
    },
  );

  test.each([
    { width: 1280, height: 720, theme: "light" },
    { width: 1366, height: 768, theme: "dark" },
  ] as const)("nothing covers anything in the form, $width × $height", async (look) => {
    await page.context().close();
    ({ page, complaints } = await newPage(browser, look));
    await server.call("visit.register", { service: "ho-tich" });
    await enter(page, server, "ha", 1, "desk");
    await serveNext();
    const at = `desk-form-${look.width}`;
    /** Readable as it stands, and the papers have rows that are seen whole. */
    const looked = async (state: string, papers = true) => {
      await picture(page, `${at}-${state}`);
      await expectNothingCovered(page);
      await expectNothingClipped(page);
      if (!papers) return;
      await page.locator(".chk").scrollIntoViewIfNeeded();
      const rows = await page.locator(".chk").evaluate((list) => {
        const strip = list.querySelector(".whole")?.getBoundingClientRect().top;
        const top = list.querySelector("thead")?.getBoundingClientRect().bottom ?? 0;
        const bottom = Math.min(strip ?? innerHeight, list.getBoundingClientRect().bottom, innerHeight);
        return [...list.querySelectorAll("tbody tr")]
          .map((row) => row.getBoundingClientRect())
          .filter((box) => box.top >= top - 1 && box.bottom <= bottom + 1).length;
      });
      expect.soft(rows, state).toBeGreaterThanOrEqual(2);
    };

    await chooseProcedure(page, "2.000635");
    await page.fill("[data-field='applicant.name']", "Đặng Thị Thu Hương");
    await page.fill("[data-field='applicant.id_number']", "001190000001");
    await page.fill("[data-field='applicant.phone']", "0912345678");
    await page.keyboard.press("Tab");
    await page.waitForSelector(".visit:has-text('Đặng Thị Thu Hương')");
    await looked("filled");
    await page.selectOption("#fee-method", "exempt");
    await looked("exempt");
    await page.keyboard.press("F9");
    await page.waitForSelector("#fee-ground[aria-invalid=true], dialog");
    if (await page.locator("dialog").count()) await page.keyboard.press("Escape");
    await looked("refused");
    await page.fill("#fee-ground", "Người có công với cách mạng");
    await looked("ground");
    await page.getByText("Tổ chức", { exact: true }).click();
    await page.waitForSelector("[data-field='applicant.representative']");
    await looked("organisation");
    await page.getByText("Nộp thay", { exact: true }).click();
    await page.waitForSelector("[data-field='submitter.name']");
    await looked("proxy");
    await page.keyboard.press("Control+k");
    await page.waitForSelector("[role=combobox]:focus");
    await chooseProcedure(page, "cap doi the bao hiem y te");
    await looked("another");
    await leave();
  });
});
