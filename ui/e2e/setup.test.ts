//! The branch set up by its administrator: every section by keyboard, what is refused and where,
//! another machine's changes, and a new branch from an empty folder.
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  Server,
  enter,
  expectAccessible,
  expectNothingClipped,
  launch,
  looks,
  newPage,
  picture,
} from "./harness.ts";

const ADMIN = "quan-tri";
let server: Server;
let browser: Browser;
beforeAll(async () => {
  server = await Server.demo();
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

const branch = async () => (await server.call("branch.get", {}, ADMIN)).branch;

async function openSetup(page: Page): Promise<void> {
  await page.keyboard.press("Control+,");
  await page.waitForSelector("dialog");
  await page.focus("dialog button:has-text('Thiết lập chi nhánh')");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".setup .side [aria-current]:focus");
}
const section = async (page: Page, n: number, title: string) => {
  await page.keyboard.press(`Alt+Digit${n}`);
  await page.waitForSelector(`#setup-section:has-text('${title}')`);
};
const said = (page: Page, text: string) => page.waitForSelector(`footer .said:has-text('${text}')`);

describe("an administrator", () => {
  let page: Page;
  let complaints: string[];
  beforeEach(async () => {
    ({ page, complaints } = await newPage(browser));
    await enter(page, server, ADMIN, 1, "supervisor");
    await openSetup(page);
    return async () => {
      await page.context().close();
      expect(complaints).toEqual([]);
    };
  });

  test("sees every section in both themes, whole and accessible", async () => {
    const titles = ["Cơ quan", "Lĩnh vực, việc", "Quầy", "Cán bộ", "Giờ phát số", "Ưu tiên", "Cảnh báo"];
    for (const look of looks) {
      await page.setViewportSize(look);
      await page.emulateMedia({ colorScheme: look.theme });
      for (const [i, title] of titles.entries()) {
        await section(page, i + 1, title);
        if (title === "Giờ phát số") await page.check(".mid .seg input >> nth=2", { force: true });
        await picture(page, `setup-${i + 1}-${look.theme}`);
        await expectNothingClipped(page);
        await expectAccessible(page);
      }
    }
    await page.click(".sum button:has-text('Bỏ thay đổi')");
    await page.waitForSelector("dialog:has-text('Bỏ 1 thay đổi chưa lưu')");
    await expectAccessible(page);
    await page.click("dialog button:has-text('Bỏ thay đổi')");
    await page.waitForSelector(".sum .none");
  });

  test("adds a service, a counter for it and an officer, by keyboard, in one saving", async () => {
    await section(page, 2, "Lĩnh vực");
    await page.focus(".list .add");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".form [data-field='services[5].name']:focus");
    await page.keyboard.type("Đất đai, xây dựng");
    await page.keyboard.press("Tab");
    await expect.poll(() => page.inputValue("[data-field='services[5].code']")).toBe("dat-dai-xay-dung");
    await expect.poll(() => page.inputValue("[data-field='services[5].prefix']")).toBe("F");
    // Its own hours, the second span of Monday typed as people type.
    await page.check(".form .hours .seg input >> nth=2", { force: true });
    await page.fill("[aria-label='Thứ Hai, khoảng 2, đến']", "16h30");
    await page.keyboard.press("Tab");
    await expect.poll(() => page.inputValue("[aria-label='Thứ Hai, khoảng 2, đến']")).toBe("16:30");
    await page.focus("button:has-text('Chép cho thứ Ba đến thứ Sáu')");
    await page.keyboard.press("Enter");
    await page.fill(".form [data-field$='last_number_before']", "20");
    await page.check(".form label:has-text('Đặt hẹn theo khung giờ') input");
    await page.fill(".form [data-field$='slots.minutes']", "20");
    await page.fill(".form [data-field$='slots.places']", "2");
    await picture(page, "setup-slots");
    await expectAccessible(page);

    await section(page, 3, "Quầy");
    await page.focus(".list .add");
    await page.keyboard.press("Enter");
    await page.waitForSelector("[data-field='counters[4].name']:focus");
    await page.uncheck(".form .tick:has-text('Hộ tịch') input");
    await section(page, 4, "Cán bộ");
    await page.focus(".list .add");
    await page.keyboard.press("Enter");
    await page.keyboard.type("Vũ Thị Ánh");
    await page.keyboard.press("Tab");
    await section(page, 6, "Ưu tiên");
    await page.fill("[data-field='queue.class_boost_s']", "20");
    await picture(page, "setup-changes");
    await expectAccessible(page);
    await expect.poll(() => page.locator(".sum .content li").count()).toBe(4);
    await page.keyboard.press("Control+s");
    await said(page, "Đã lưu thiết lập chi nhánh");
    await page.waitForSelector(".sum .none");
    const saved = await branch();
    const service = saved.services[5];
    expect([service?.code, service?.prefix]).toEqual(["dat-dai-xay-dung", "F"]);
    expect(service?.slots).toEqual({ minutes: 20, places: 2 });
    expect(service?.hours?.week?.friday).toEqual([
      { from: "07:30", to: "11:30" },
      { from: "13:30", to: "16:30" },
    ]);
    expect(service?.hours?.last_number_before).toBe(20);
    expect(saved.counters[4]).toMatchObject({ number: 5, name: "Quầy 5" });
    expect(saved.counters[4]?.services).not.toContain("ho-tich");
    expect(saved.officers[5]).toEqual({ id: "anh", name: "Vũ Thị Ánh", roles: ["officer"] });
    expect(saved.queue.class_boost_s).toEqual({ elderly: 1200 });
  });

  test("is led to the field at fault, wherever it is", async () => {
    await section(page, 2, "Lĩnh vực");
    await page.click(".list [data-item] >> nth=1");
    await page.fill("[data-field='services[1].prefix']", "A");
    await section(page, 1, "Cơ quan");
    await page.keyboard.press("Control+s");
    await page.waitForSelector("[data-field='services[1].prefix'][aria-invalid]:focus");
    await page.waitForSelector(".fld .err:has-text('đã dùng cho “Hộ tịch')");
    await picture(page, "setup-refused");
    await expectAccessible(page);
    await page.fill("[data-field='services[1].prefix']", "B");
    await section(page, 5, "Giờ phát số");
    await page.check(".mid .seg input >> nth=2", { force: true });
    await page.fill("[aria-label='Thứ Tư, khoảng 1, đến']", "06:00");
    await section(page, 7, "Cảnh báo");
    await page.keyboard.press("Control+s");
    await page.waitForSelector("[aria-label='Thứ Tư, khoảng 1, từ']:focus");
    await page.waitForSelector("[data-day=wednesday] .err:has-text('ngược hoặc chồng nhau')");
    await section(page, 6, "Ưu tiên");
    await page.fill("[data-field='queue.priority_boost_s']", "45");
    await page.waitForSelector(".warnline:has-text('Quá 30 phút')");
  });

  test("does not take away what somebody needs: a queue, an open counter, the last administrator", async () => {
    await server.call("visit.register", { service: "noi-vu" });
    await server.call("counter.open", { counter: 2 }, "dung");
    await section(page, 2, "Lĩnh vực");
    await page.click(".list [data-item]:has-text('Nội vụ')");
    await page.keyboard.press("Delete");
    await said(page, "Đã bỏ Nội vụ, người có công khỏi bản nháp");
    await page.waitForSelector(".sum .warnline:has-text('Còn 1 người đang chờ')");
    await picture(page, "setup-in-use");
    await page.keyboard.press("Control+s");
    await page.waitForSelector(".list .err:has-text('còn 1 người chưa xong (B-001)')");
    // The way back is one key.
    await page.click(".sum button:has-text('Bỏ thay đổi')");
    await page.click("dialog button:has-text('Bỏ thay đổi')");
    await page.waitForSelector(".sum .none");
    await section(page, 3, "Quầy");
    await page.click(".list [data-item]:has-text('Quầy 2')");
    await page.keyboard.press("Delete");
    await page.keyboard.press("Control+s");
    await page.waitForSelector(".list .err:has-text('Phạm Tiến Dũng đang ngồi')");
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    await page.keyboard.press("Control+z");
    await page.waitForSelector(".sum .none");
    await section(page, 4, "Cán bộ");
    await page.click(".list [data-item]:has-text('Đỗ Văn Quản')");
    await page.check(".form .tick:has-text('Giám sát ca') input");
    await page.uncheck(".form .tick:has-text('Quản trị') input");
    await page.waitForSelector(".form .warnline:has-text('của chính mình')");
    await page.keyboard.press("Control+s");
    await page.waitForSelector(".list .err:has-text('ít nhất một quản trị')");
    await expectAccessible(page);
  });

  test("is asked before leaving, and keeps what was typed while another machine saves", async () => {
    await page.fill("[data-field='office.phone']", "024 3999 9999");
    await page.keyboard.press("Control+4");
    await page.waitForSelector("dialog:has-text('Còn 1 thay đổi chưa lưu')");
    await picture(page, "setup-leave");
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog", { state: "detached" });
    const now = await branch();
    await server.call(
      "branch.configure",
      { branch: { ...now, office: { ...now.office, address: "Số 9, đường Mới" } } },
      ADMIN,
    );
    await page.waitForSelector(".sum .card:has-text('vừa được đổi ở máy khác')");
    await picture(page, "setup-elsewhere");
    await expectAccessible(page);
    await page.keyboard.press("Control+s");
    await said(page, "vừa được đổi ở nơi khác");
    expect((await branch()).office.phone).not.toBe("024 3999 9999");
    await page.focus(".sum button:has-text('Ghép vào bản mới')");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".sum .warnline:has-text('Đã ghép vào bản mới')");
    await expect.poll(() => page.inputValue("[data-field='office.address']")).toBe("Số 9, đường Mới");
    await page.keyboard.press("Control+4");
    await page.click("dialog button:has-text('Lưu rồi rời')");
    await page.waitForSelector("main.sup");
    const { office } = await branch();
    expect([office.phone, office.address]).toEqual(["024 3999 9999", "Số 9, đường Mới"]);
  });
});

test("whoever is no administrator has no way in", async () => {
  const { page } = await newPage(browser);
  await enter(page, server, "lan", 1, "supervisor");
  await page.keyboard.press("Control+,");
  await page.waitForSelector("dialog:has-text('Chỉ quản trị đổi được thiết lập')");
  await expect.poll(() => page.locator("dialog button:has-text('Thiết lập chi nhánh')").count()).toBe(0);
  await page.keyboard.press("Escape");
  await page.evaluate(() => (location.hash = "#setup"));
  await page.reload();
  await page.waitForSelector(".setup .alone:has-text('Chỉ quản trị')");
  await page.context().close();
});

test("a catalogue is chosen as a file: what it brought is counted, a wrong one is refused at its field", async () => {
  const { page, complaints } = await newPage(browser);
  await enter(page, server, ADMIN, 1, "supervisor");
  await page.keyboard.press("Control+,");
  // By keys, and in our words only: the system's own window opens from the field that has the keys.
  await page.waitForSelector("dialog label.btn:has-text('Chọn tệp')");
  // The dialog gives the keys to its first field; only then may they go elsewhere.
  await page.waitForSelector("dialog :focus");
  const opened = page.waitForEvent("filechooser");
  await page.locator("dialog [data-field=catalogue]").press("Space");
  await (await opened).setFiles({ name: "anh.json", mimeType: "application/json", buffer: Buffer.from("{") });
  await page.waitForSelector("dialog *:has(> [data-field=catalogue][aria-invalid=true]) ~ .err");
  await page.waitForSelector("dialog .name:has-text('anh.json, 1 byte')");
  for (const look of looks) {
    await page.setViewportSize(look);
    await page.emulateMedia({ colorScheme: look.theme });
    await page.locator("dialog .err").scrollIntoViewIfNeeded();
    await picture(page, `settings-file-${look.theme}`);
    await expectAccessible(page);
  }
  const demo = fileURLToPath(new URL("../../assets/catalogue/demo.json", import.meta.url));
  await page.setInputFiles("dialog [data-field=catalogue]", demo);
  await page.waitForSelector("dialog [role=status]:has-text('chưa nhận 0')");
  await expect.poll(() => page.locator("dialog .err").count()).toBe(0);
  await page.waitForSelector("dialog .name:has-text('demo.json')");
  await page.context().close();
  expect(complaints).toEqual([]);
});

test("an empty folder becomes a real branch, whose set-up is open to its founder", async () => {
  const empty = await Server.empty();
  const { page, complaints } = await newPage(browser);
  try {
    await page.goto(`${empty.url}/#token=${empty.token}`);
    await page.waitForSelector("h2:has-text('Tạo chi nhánh mới')");
    await page.fill("[data-field=office]", "Phường Tân Lập");
    await page.fill("[data-field=agency]", "mã của tôi");
    await page.fill("[data-field=address]", "Số 5, đường Mẫu, phường Tân Lập, tỉnh Mẫu");
    await page.fill("[data-field=administrator]", "Vũ Thị Ánh");
    await page.keyboard.press("Enter");
    await page.waitForSelector("[data-field=agency][aria-invalid]:focus");
    for (const look of looks) {
      await page.setViewportSize(look);
      await page.emulateMedia({ colorScheme: look.theme });
      await picture(page, `begin-create-${look.theme}`);
      await expectNothingClipped(page);
      await expectAccessible(page);
    }
    await page.fill("[data-field=agency]", "H17.33");
    await page.keyboard.press("Enter");
    await page.waitForSelector("main.start:has-text('Phường Tân Lập')");
    await expect.poll(() => page.innerText("main.start")).not.toContain("chi nhánh thử");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".app main");
    await openSetup(page);
    await expect
      .poll(() => page.inputValue("[data-field='office.parent']"))
      .toBe("ỦY BAN NHÂN DÂN PHƯỜNG TÂN LẬP");
    const { branch: made } = await empty.call("branch.get", {}, "anh");
    expect([made.demo, made.office.place, made.counters.length]).toEqual([false, "Tân Lập", 3]);
    expect(complaints).toEqual([]);
  } finally {
    await page.context().close();
    await empty.stop();
  }
});
