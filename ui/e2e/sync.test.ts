//! The sync screen: never connected, a stick, and a real central that
//! goes away, comes back, and holds a record back.
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Central } from "./central.ts";
import { Server, enter, launch, newPage, pictures } from "./harness.ts";

const demoCatalogue = JSON.parse(
  readFileSync(new URL("../../assets/catalogue/demo.json", import.meta.url), "utf8"),
) as { procedures: Record<string, unknown>[] };

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
});

async function work(server: Server): Promise<string> {
  const { visit_id } = await server.call("visit.register", { service: "ho-tich" });
  await server.call("queue.call", { visit_id, counter: 1 });
  await server.call("leg.start", { visit_id });
  const received = await server.call("case.receive", {
    visit_id,
    procedure_code: "2.001576",
    applicant: { kind: "individual", name: "Lò Thị Mai", id_number: "001190000001", phone: "0912345678" },
    papers: [0, 1, 2].map((index) => ({ index, originals: 1 })),
    return_method: "counter",
  } as never);
  await server.call("leg.finish", { visit_id });
  return received.case_id;
}

/** A case was taken in, and central has it: the sync screen of a supervisor. */
async function joined(server: Server, central: Central) {
  const caseId = await work(server);
  const { office } = await server.call("sync.status", {});
  central.enrol(path.join(server.dir, "data"), office);
  const { page, complaints } = await newPage(browser);
  await enter(page, server, "lan", 1, "sync");
  await page.waitForSelector("h1:has-text('Trung tâm đã nhận đủ')");
  return { caseId, office, page, complaints };
}

test("never connected: calm, counted by day, and out onto a stick with central's key", async () => {
  const server = await Server.demo();
  try {
    await work(server);
    const { page, complaints } = await newPage(browser);
    await enter(page, server, "lan", 1, "desk");
    // By the pill, and by its key.
    await page.click(".sync button.open");
    await page.waitForSelector("h1:has-text('Chưa kết nối trung tâm')");
    await page.keyboard.press("Control+1");
    await page.waitForSelector("main.sy", { state: "detached" });
    await page.keyboard.press("Control+5");
    await page.waitForSelector("main.sy tbody tr");
    await expect.poll(() => page.innerText("main.sy tbody tr")).toMatch(/^\S.*\s1\s+1\s+\d+\s+\d+$/s);
    await page.waitForSelector(".probs:has-text('Không có bản ghi nào cần xem')");
    await pictures(page, "sync-never");

    await page.keyboard.press("Control+e");
    await page.waitForSelector("dialog:has-text('Chép bản ghi ra USB')");
    const usb = path.join(server.dir, "usb");
    const file = path.join(usb, "a.motcua");
    await page.fill("[data-field=path]", file);
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog .err:has-text('khóa niêm phong')");
    await pictures(page, "sync-stick-no-key");
    await page.fill("[data-field=key]", "khong-phai-khoa");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog .err:has-text('chép lại nguyên văn')");
    expect(existsSync(usb)).toBe(false);
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog", { state: "detached" });

    // Whoever is no supervisor sees the state and is told who may.
    const officer = await newPage(browser);
    await enter(officer.page, server, "ha", 2, "sync");
    await officer.page.waitForSelector(".usb:has-text('Giám sát chép được')");
    await expect.poll(() => officer.page.locator(".usb button").count()).toBe(0);
    await officer.page.keyboard.press("F1");
    await officer.page.waitForSelector("dialog:has-text('Gửi ngay')");
    await officer.page.context().close();
    expect(complaints).toEqual([]);
    await page.context().close();
  } finally {
    await server.stop();
  }
});

test("central there, away, back; a record held back is explained and dealt with", async () => {
  const server = await Server.demo();
  const central = await Central.start();
  try {
    const { caseId, page, complaints } = await joined(server, central);
    await page.waitForSelector(".wait:has-text('Không còn gì chờ gửi')");
    await pictures(page, "sync-all");

    await central.end("SIGKILL");
    await work(server);
    await page.waitForSelector("h1:has-text('Mất kết nối với trung tâm')");
    // The engine says when; the screen only counts down to it.
    await page.waitForSelector(".nd:has-text('thử lại')");
    await page.waitForSelector(".wait tbody tr");
    await pictures(page, "sync-away");

    // On foot meanwhile: the key came over the line. Nothing counts as sent by that.
    const usb = path.join(server.dir, "usb");
    mkdirSync(usb);
    const file = path.join(usb, "a.motcua");
    const before = (await server.call("sync.status", {})).unsent;
    await page.keyboard.press("Control+e");
    await page.fill("[data-field=path]", file);
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog:has-text('Rút USB được')");
    await pictures(page, "sync-stick-done");
    expect(statSync(file).size).toBeGreaterThan(500);
    expect(readdirSync(usb)).toEqual(["a.motcua"]);
    expect((await server.call("sync.status", {})).unsent).toBe(before);
    await page.keyboard.press("Escape");
    expect(Number(central.run("import", file).stored)).toBe(before);
    // Central's answer comes back on the same stick, while the line is still down.
    expect(readdirSync(usb).sort()).toEqual(["a.motcua", "a.tra-loi"]);
    await page.click(".usb button:has-text('Nộp tệp từ USB')");
    await page.fill("[data-field=path]", path.join(usb, "a.tra-loi"));
    await pictures(page, "sync-answer");
    await page.keyboard.press("Enter");
    await page.waitForSelector("dialog:has-text('Không còn bản ghi nào chờ gửi')");
    await pictures(page, "sync-answered");
    expect((await server.call("sync.status", {})).unsent).toBe(0);
    await page.keyboard.press("Escape");

    await central.up();
    await page.keyboard.press("Control+g");
    await page.waitForSelector("h1:has-text('Trung tâm đã nhận đủ')", { timeout: 20_000 });

    // What central sent down is told, and what could not be taken in, which changes nothing.
    const bundle = path.join(server.dir, "bundle.json");
    const publish = (name: string) => {
      const [row] = demoCatalogue.procedures;
      writeFileSync(bundle, JSON.stringify({ procedures: [{ ...row, MATTHC: "9.000001", TENTTHC: name }] }));
      central.run("publish", "--kind", "catalogue", bundle);
    };
    publish("Thủ tục liên thông");
    await page.keyboard.press("Control+g");
    await page.waitForSelector(".from:has-text('đang dùng bản số 1 của trung tâm')");
    await pictures(page, "sync-bundle");
    publish("Thủ tục bị sửa");
    central.sql("UPDATE bundle SET content = content || '\\x20' WHERE serial = 2");
    await page.keyboard.press("Control+g");
    await page.waitForSelector(".from.fix:has-text('Bản số 2')");
    await pictures(page, "sync-bundle-refused");

    // A record that central cannot read: as an older central would say it.
    central.sql(
      `INSERT INTO verdict(office_id, event_id, device, entity, status, code)
         SELECT office_id, event_id, device, entity, 'quarantined', 'RULE' FROM event_log
         WHERE entity = '${caseId}' AND kind = 'case.received'`,
    );
    central.sql(
      `INSERT INTO verdict(office_id, event_id, device, entity, status, code)
         SELECT office_id, event_id, device, entity, 'parked', 'UPGRADE' FROM event_log
         WHERE kind = 'leg.started' ORDER BY feed_seq LIMIT 1`,
    );
    await page.keyboard.press("Control+g");
    await page.waitForSelector("article.open:has-text('Hồ sơ ')");
    await page.waitForSelector(".sync.fix:has-text('Cần anh/chị xem 1')");
    await page.waitForSelector(".nav .ct:has-text('1')");
    await pictures(page, "sync-held");
    await page.click("article.open button:has-text('Để nguyên')");
    await page.keyboard.press("Enter");
    await page.waitForSelector("article.open .err:has-text('Mời ghi vì sao')");
    await page.fill("[data-field=note]", "đã báo trung tâm, phiếu số 12");
    await pictures(page, "sync-note");
    await page.keyboard.press("Enter");
    await page.waitForSelector("article:has-text('Trần Ngọc Lan để nguyên')");
    await expect.poll(() => page.locator("article.open").count()).toBe(0);
    // Asked again, central looks anew and holds it no longer.
    await page.click("article:has-text('cũ hơn') button:has-text('xem lại')");
    await expect
      .poll(
        async () => {
          await server.call("sync.now", {});
          const held = await server.call("sync.problems", {});
          return held.filter((p) => p.code === "UPGRADE").length;
        },
        { timeout: 20_000, interval: 500 },
      )
      .toBe(0);
    expect(complaints).toEqual([]);

    // Access taken away: said plainly, and nothing is lost.
    central.sql("UPDATE device SET revoked_at = now()");
    await work(server);
    await page.waitForSelector("h1:has-text('Trung tâm không cho máy này gửi nữa')");
    await pictures(page, "sync-revoked");
    await page.context().close();
  } finally {
    await server.stop();
    await central.stop();
  }
});

test("a field that central cannot read is said anew on its card, and the record counts", async () => {
  const server = await Server.demo();
  const central = await Central.start();
  try {
    const { caseId, office, page, complaints } = await joined(server, central);
    // As a central of another version would find it: the telephone is no text there.
    central.sql(
      `UPDATE event_log SET body = convert_to(jsonb_set(convert_from(body, 'UTF8')::jsonb,
           '{applicant,phone}', '{"of": "tomorrow"}')::text, 'UTF8')
         WHERE entity = '${caseId}' AND kind = 'case.received'`,
    );
    central.sql(
      `INSERT INTO verdict(office_id, event_id, device, entity, status, code)
         SELECT office_id, event_id, device, entity, 'quarantined', 'BODY_UNREADABLE' FROM event_log
         WHERE entity = '${caseId}' AND kind = 'case.received'`,
    );
    await page.keyboard.press("Control+g");
    await page.waitForSelector("article.open dd:has-text('0912345678')");
    await page.click("article.open button:has-text('Sửa ô này')");
    await expect.poll(() => page.inputValue("[data-field=value]")).toBe("0912345678");
    await page.fill("[data-field=value]", "12");
    await page.keyboard.press("Enter");
    await page.waitForSelector("article.open .err");
    await pictures(page, "sync-amend");
    await page.fill("[data-field=value]", "0987 654 321");
    await page.keyboard.press("Enter");
    // It stays open until central itself lifts it, which the same round brings.
    await page.waitForSelector(".probs:has-text('Không có bản ghi nào cần xem')", {
      timeout: 20_000,
    });
    const line = central
      .dump(office)
      .split("\n")
      .find((each) => each.includes(caseId));
    expect(line).toContain("0987654321");
    expect(complaints).toEqual([]);
    await page.context().close();
  } finally {
    await server.stop();
    await central.stop();
  }
});
