//! Telling citizens, and what they say: consent at the desk, the list of calls, a rating by one
//! touch, figures that begin with a group, a complaint with its terms.
import { mkdirSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { served } from "./cases.ts";
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

let server: Server;
let browser: Browser;
let page: Page;
let complaints: string[] = [];

beforeAll(async () => {
  if (process.env.MOTCUA_PICTURES) mkdirSync(process.env.MOTCUA_PICTURES, { recursive: true });
  server = await Server.demo();
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});
afterEach(async () => {
  await page?.context().close();
  expect(complaints).toEqual([]);
});

async function fresh(theme: "light" | "dark" = "light"): Promise<void> {
  ({ page, complaints } = await newPage(browser, { width: 1280, height: 720, theme }));
}

async function readyCase(name: string, contact: { phone?: string; email?: string }): Promise<string> {
  const { case_id } = await server.call(
    "case.receive",
    {
      procedure_code: "2.001576",
      applicant: { kind: "individual", name, ...contact },
      papers: [0, 1, 2].map((index) => ({ index, originals: 1, certified: 0, copies: 0 })),
      notify: "agreed",
    },
    "ha",
  );
  await server.call("case.receive_result", { id: case_id, result: {} }, "ha");
  return case_id;
}

describe("citizens", () => {
  test("people are called by keys alone, and ticked off", async () => {
    await readyCase("Lò Thị Mai", { phone: "0912345678" });
    await readyCase("Hoàng Văn Ký", { phone: "0987654321", email: "ky@example.vn" });
    for (const theme of ["dark", "light"] as const) {
      if (theme === "light") await page.context().close();
      await fresh(theme);
      await enter(page, server, "ha", 1, "cases");
      await page.keyboard.press("Control+i");
      await page.waitForSelector(".phone:has-text('0912345678')");
      await picture(page, `notices-${theme}-1280`);
      await expectAccessible(page);
      await expectNothingClipped(page);
    }
    await page.focus(".call li:has-text('0912345678') input");
    await page.keyboard.type("bao con gai");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".machine li:has-text('đã báo được')");
    const list = await server.call("notice.list", {});
    expect([list.call.length, list.told.length]).toEqual([1, 1]);
    // An officer does not come to the set-up.
    await expect.poll(() => page.locator("button:has-text('Đặt cách gửi')").count()).toBe(0);
  });

  test("a supervisor sets up sending; what is secret never comes back", async () => {
    for (const theme of ["dark", "light"] as const) {
      if (theme === "light") await page.context().close();
      await fresh(theme);
      await enter(page, server, "lan", 1, "supervisor");
      await page.keyboard.press("Control+i");
      await page.click("button:has-text('Đặt cách gửi')");
      if (theme === "dark") {
        await page.waitForSelector("label.tick:has-text('Dùng')");
        for (const use of await page.locator("label.tick:has-text('Dùng') input").all()) await use.check();
        await page.fill("#mail-host", "127.0.0.1");
        await page.fill("#mail-port", "9");
        await page.selectOption("#mail-security", "starttls");
        await page.fill("#mail-user", "mot-cua");
        await page.fill("#mail-password", "rat-bi-mat");
        await page.fill("#mail-from", "motcua@binhminh.example.vn");
        await page.fill("#sms-url", "http://127.0.0.1:9/gui");
        await page.fill("#sms-key", "khoa-bi-mat");
        await page.click("button:has-text('Lưu cách gửi')");
      }
      await page.waitForSelector("#test-email");
      await expect.poll(() => page.inputValue("#mail-password")).toBe("");
      expect(await page.content()).not.toContain("bi-mat");
      await picture(page, `notice-setup-${theme}-1280`);
      await expectAccessible(page);
      await expectNothingClipped(page);
    }
    await page.fill("#test-email", "toi@example.vn");
    await page.click("button:has-text('Gửi thử') >> nth=0");
    await page.waitForSelector(".test p.warnline:has-text('Chưa nối được máy chủ thư')");
    // Nothing is set up any more: people are called.
    await server.call("notice.configure", {});
  });

  test("whoever does not want to be told any more is told nothing more", async () => {
    await readyCase("Mùa A Chu", { phone: "0911888777" });
    const waits = async () =>
      (await server.call("notice.list", {})).call.filter((each) => each.name === "Mùa A Chu");
    await expect.poll(() => waits()).toHaveLength(1);
    await fresh();
    await enter(page, server, "ha", 1, "cases");
    await page.focus("#case-search");
    await page.keyboard.type("mua a chu");
    await page.waitForSelector(".cases tbody tr:only-child:has-text('Mùa A Chu')");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".drawer:has-text('Muốn nhận tin về hồ sơ')");
    await page.keyboard.press("Control+t");
    await page.waitForSelector("dialog [data-field='phone']");
    await page.fill("dialog [data-field='phone']", "091188");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog .err");
    await page.fill("dialog [data-field='phone']", "0911888666");
    await page.check("dialog [name='wants'][value='declined']");
    await picture(page, "contact-light-1280");
    await expectAccessible(page);
    await expectNothingClipped(page);
    await page.keyboard.press("Enter");
    await page.waitForSelector(".drawer:has-text('Không muốn nhận tin')");
    await expect.poll(() => waits()).toHaveLength(0);
  });

  test("of two officers who change the contact at once, the second is told and loses nothing", async () => {
    const id = await readyCase("Lò Thị Tươi", { phone: "0911000111" });
    const contact = async () => (await server.call("case.get", { id })).contact;
    await fresh();
    await enter(page, server, "ha", 1, "cases");
    await page.focus("#case-search");
    await page.keyboard.type("lo thi tuoi");
    await page.waitForSelector(".cases tbody tr:only-child:has-text('Lò Thị Tươi')");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".drawer:has-text('Muốn nhận tin về hồ sơ')");
    await page.keyboard.press("Control+t");
    await page.fill("dialog [data-field='phone']", "0911000222");
    await server.call("case.set_contact", { id, consent: "declined", phone: "0911000333" }, "lan");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog [role='alert']:has-text('Hồ sơ vừa có thay đổi')");
    await page.waitForSelector("dialog .theirs:has-text('0911000333')");
    await expect.poll(() => page.inputValue("dialog [data-field='phone']")).toBe("0911000222");
    expect((await contact()).phone).toBe("0911000333");
    await picture(page, "contact-changed-light-1280");
    await expectAccessible(page);
    await expectNothingClipped(page);
    // Whoever has read it may go on.
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog", { state: "detached" });
    await expect.poll(() => contact()).toMatchObject({ phone: "0911000222", consent: "agreed" });
    await server.call("case.set_contact", { id, consent: "declined" }, "lan");
  });

  test("consent is asked where a number is, and recorded", async () => {
    await fresh();
    const { visit_id } = await server.call(
      "visit.register",
      {
        service: "ho-tich",
        applicant: { kind: "individual", name: "Vàng A Páo", phone: "0911222333" },
      },
      "ha",
    );
    await server.call("queue.call", { visit_id, counter: 1 }, "ha");
    await server.call("leg.start", { visit_id }, "ha");
    await enter(page, server, "ha", 1, "desk");
    await page.keyboard.press("Control+k");
    // As a person types: what comes at a scanner's speed is taken for a card.
    await page.keyboard.type("2.001576", { delay: 50 });
    await page.waitForSelector("[role='option']");
    await page.keyboard.press("Enter");
    await page.click(".line button.link");
    await page.check("label:has-text('đồng ý nhận tin') input");
    await picture(page, "consent-light-1280");
    await expectAccessible(page);
    await server.call("leg.finish", { visit_id }, "ha");
  });

  test("a rating is one touch, then the screen rests; a second one is not asked for", async () => {
    await server.call("visit.register", { service: "ho-tich" }, "ha");
    for (const theme of ["dark", "light"] as const) {
      if (theme === "light") await page.context().close();
      await fresh(theme);
      await page.goto(`${server.ratingUrl}2`);
      await page.waitForSelector("h1:has-text('Xin chào')");
      await picture(page, `rating-rest-${theme}-1280`);
      await served(server, 2);
      await page.waitForSelector(".grade");
      await picture(page, `rating-ask-${theme}-1280`);
      await expectAccessible(page);
      await expectNothingClipped(page);
      await page.keyboard.press("5");
      await page.waitForSelector("h1:has-text('Cảm ơn')");
      await page.click("button:has-text('chín tiêu chí')");
      await page.waitForSelector(".nine");
      await page.check("input[name='indicator-7'] >> nth=0");
      await picture(page, `rating-nine-${theme}-1280`);
      await expectAccessible(page);
      await expectNothingClipped(page);
      await page.click("button:has-text('Gửi')");
      await page.waitForSelector("h1:has-text('Ý kiến đã được ghi')");
    }
    // The token opens nothing else.
    const token = new URLSearchParams(new URL(server.ratingUrl).hash.slice(1)).get("token");
    const refused = await fetch(`${server.url}/rpc/queue.snapshot`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: "{}",
    });
    expect(refused.status).toBe(403);
  });

  test("figures begin with a group, and a complaint has its terms", async () => {
    const token = new URLSearchParams(new URL(server.ratingUrl).hash.slice(1)).get("token");
    const rate = async (name: string, body: object): Promise<Record<string, never>> =>
      (await (
        await fetch(`${server.url}/rpc/${name}`, {
          method: "POST",
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
          body: JSON.stringify(body),
        })
      ).json()) as Record<string, never>;
    for (const grade of [5, 4, 2]) {
      await served(server, 2);
      const { ask } = (await rate("rating.prompt", { counter: 2 })) as {
        ask?: { visit_id: string; leg: number };
      };
      await rate("rating.give", { counter: 2, ...ask, grade });
    }
    for (const theme of ["dark", "light"] as const) {
      if (theme === "light") await page.context().close();
      await fresh(theme);
      await enter(page, server, "lan", 1, "supervisor");
      await page.keyboard.press("Control+y");
      await page.waitForSelector("td:has-text('80,0%')");
      if (theme === "dark") {
        await page.fill("#complaint-content", "Quầy 2 gọi số quá nhanh, người già không kịp đến.");
        await page.click("button:has-text('Ghi lại')");
        await page.waitForSelector("li:has-text('hạn trả lời')");
      }
      await picture(page, `opinions-${theme}-1280`);
      await expectAccessible(page);
      await expectNothingClipped(page);
    }
    await page.fill(".acts input", "Đã nhắc cán bộ gọi chậm hơn, đã báo lại người dân");
    await page.click("button:has-text('Ghi đã trả lời')");
    await page.waitForSelector("li:has-text('Đã trả lời')");
  });

  test("a slip of paper is typed as it stands, a digit a row, and figures begin with a group", async () => {
    const codes: string[] = [];
    for (const name of ["Lò Thị Một", "Lò Thị Hai", "Lò Thị Ba", "Lò Thị Bốn", "Lò Thị Năm"]) {
      const { case_code } = await server.call("case.get", { id: await readyCase(name, {}) }, "ha");
      codes.push(case_code);
    }
    for (const case_code of codes.slice(1)) {
      await server.call("rating.enter_slip", { case_code, indicators: [{ indicator: 7, points: 1 }] }, "lan");
    }
    for (const theme of ["dark", "light"] as const) {
      if (theme === "light") await page.context().close();
      await fresh(theme);
      await enter(page, server, "lan", 1, "supervisor");
      await page.keyboard.press("Control+y");
      await page.click("summary:has-text('Nhập phiếu đánh giá giấy')");
      await page.waitForSelector("form [data-field='case_code']:focus");
      await picture(page, `slip-${theme}-1280`);
      // All of the slip is in sight, numbered as its rows are.
      const rows = await page.locator("form ol li").allInnerTexts();
      expect(rows.map((row) => row.slice(0, 2))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => `${n}.`));
      const hidden = await page.evaluate(
        () =>
          [...document.querySelectorAll("form ol li input, details form button")].filter((part) => {
            const box = part.getBoundingClientRect();
            return [box.top + 2, box.bottom - 2].some(
              (y) => !part.contains(document.elementFromPoint((box.left + box.right) / 2, y)),
            );
          }).length,
      );
      expect(hidden).toBe(0);
      await expectAccessible(page);
    }
    // The code is scanned, as the form says; the keys are at the first row then.
    await scan(page, codes[0] ?? "");
    await expect.poll(() => page.inputValue("form [data-field='case_code']")).toBe(codes[0]);
    // 9 is no grade and stays out; the first box keeps the keys until there is one, then they go on.
    for (const digit of "9212") await page.keyboard.press(digit);
    await expect.poll(() => page.locator("form ol input").nth(0).inputValue()).toBe("2");
    await page.locator("form ol input").nth(6).fill("1");
    await page.keyboard.press("Enter");
    await page.waitForSelector("text=Đã ghi phiếu đánh giá");
    // The next slip begins at once; the same one is refused at its code.
    await page.keyboard.type(codes[0] ?? "", { delay: 50 });
    await page.locator("form ol input").nth(0).fill("2");
    await page.keyboard.press("Enter");
    await page.waitForSelector("form .err:has-text('đã nhập rồi')");
    await picture(page, "slip-refused-1280");
    await expectNothingClipped(page);
    // Typed again as a correction, it stands in place of the first.
    await page.getByLabel("Sửa phiếu tôi đã nhập hôm nay").press("Space");
    await page.locator("form ol input").nth(6).fill("1");
    await page.waitForSelector("text=Gõ lại cả phiếu");
    await picture(page, "slip-corrects-1280");
    await expectNothingClipped(page);
    await page.locator("form ol input").nth(0).press("Enter");
    await page.waitForSelector("text=Đã sửa phiếu đánh giá");
    // Nothing but the code: Enter goes on to the rows, and what takes a slip out is asked first.
    await page.keyboard.type(codes[0] ?? "", { delay: 50 });
    await page.keyboard.press("Enter");
    await page.waitForSelector("form ol li:first-child input:focus");
    await page.getByLabel("Sửa phiếu tôi đã nhập hôm nay").press("Space");
    await page.locator("form ol input").nth(0).press("Enter");
    await page.waitForSelector("form .warnline:has-text('Nhấn lần nữa')");
    await picture(page, "slip-out-1280");
    await page.keyboard.press("Enter");
    await page.waitForSelector("text=Đã bỏ phiếu nhập nhầm hồ sơ");
    await scan(page, codes[0] ?? "");
    await page.locator("form ol input").nth(6).fill("1");
    await page.keyboard.press("Enter");
    await page.waitForSelector("text=Đã ghi phiếu đánh giá");
    // Folded, the figures are there again, with the slips in them.
    await page.click("summary:has-text('Nhập phiếu đánh giá giấy')");
    await page.waitForSelector("th:has-text('Phiếu giấy (5)')");
    await page.waitForSelector("tr:has-text('1,00')");
  });

  test("an officer sees no figure", async () => {
    await fresh();
    await enter(page, server, "ha", 1, "desk");
    await page.keyboard.press("Control+y");
    await page.waitForSelector("text=chỉ dành cho giám sát");
    await expect.poll(() => page.locator("td").count()).toBe(await page.locator(".app td").count());
    await expectAccessible(page);
  });
});
