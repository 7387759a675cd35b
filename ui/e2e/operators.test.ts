//! The operators' page of central, in a browser: the real program over TLS on a PostgreSQL of the
//! test's own, with a branch that sends to it.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectAccessible, launch, picture } from "./harness.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const binary = process.env.MOTCUA_BIN ?? path.join(root, "target/debug/motcua");
const central = path.join(path.dirname(binary), "motcua-central");
const versions = "/usr/lib/postgresql";

const dir = mkdtempSync(path.join(tmpdir(), "motcua-e2e-central-"));
const database = `postgres://central@${path.join(dir, "db").replaceAll("/", "%2F")}/postgres`;
let serving: ChildProcess;
let browser: Browser;
let url = "";

/** PostgreSQL does not run as root. */
function postgres(program: string, ...args: string[]): void {
  const newest =
    readdirSync(versions)
      .sort((a, b) => Number(a) - Number(b))
      .at(-1) ?? "";
  const command = [path.join(versions, newest, "bin", program), ...args];
  const as = process.getuid?.() === 0 ? ["runuser", "-u", "postgres", "--", ...command] : command;
  execFileSync(as[0] ?? "", as.slice(1), { cwd: "/", stdio: "ignore" });
}

const ask = (...args: string[]) =>
  JSON.parse(
    execFileSync(central, [...args, "--database-url", database], { encoding: "utf8", stdio: "pipe" }),
  );
const desk = (...args: string[]) =>
  execFileSync(binary, ["--data", path.join(dir, "data"), ...args], {
    encoding: "utf8",
    env: { ...process.env, MOTCUA_STATE_DIR: path.join(dir, "state") },
  });
const sql = (statement: string) =>
  execFileSync("psql", [database, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", statement]);

beforeAll(async () => {
  chmodSync(dir, 0o777);
  const db = path.join(dir, "db");
  postgres("initdb", "-A", "trust", "-U", "central", "-E", "UTF8", "--locale=C", "--no-sync", "-D", db);
  postgres(
    "pg_ctl",
    "-w",
    "-D",
    db,
    "-l",
    path.join(db, "log"),
    "-o",
    `-c listen_addresses= -c unix_socket_directories=${db}`,
    "start",
  );
  const tls = path.join(dir, "tls");
  const child = spawn(central, [
    "serve",
    "--database-url",
    database,
    "--listen",
    "127.0.0.1:0",
    "--dev-tls",
    tls,
  ]);
  child.stderr.resume();
  serving = child;
  const ready = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("exit", (code) => reject(new Error(`central ended with ${code}`)));
  });
  url = (JSON.parse(ready) as { url: string }).url;
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  if (serving) {
    const over = new Promise((resolve) => serving.once("exit", resolve));
    serving.kill("SIGTERM");
    await over;
  }
  postgres("pg_ctl", "-w", "-m", "immediate", "-D", path.join(dir, "db"), "stop");
  rmSync(dir, { recursive: true, force: true });
});

async function open(theme: "light" | "dark", width = 1280, height = 720): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width, height },
    locale: "vi-VN",
    colorScheme: theme,
    // The certificate is made for trying, by an authority that no browser knows.
    ignoreHTTPSErrors: true,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  await page.goto(`${url}/van-hanh`);
  return page;
}

async function enter(page: Page): Promise<void> {
  await page.getByLabel("Mã vào").fill((ask("operator-code") as { code: string }).code);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Đơn vị", exact: true }).waitFor();
}

/** Nothing but tables, which scroll within themselves, is wider than the window. */
const tooWide = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);

test("an operator gets in by a code with the keyboard alone, sees how things stand, and leaves", async () => {
  const page = await open("light");
  await picture(page, "operators-login");
  await expectAccessible(page);
  // The field has the focus: nobody needs a mouse.
  await page.keyboard.type("SAI-MA-2345");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").waitFor();
  await expectAccessible(page);
  await enter(page);
  await page.getByText("Chưa có máy nào.").waitFor();
  await expectAccessible(page);
  await picture(page, "operators-empty");
  await page.getByRole("button", { name: "Ra" }).focus();
  await page.keyboard.press("Enter");
  await page.getByLabel("Mã vào").waitFor();
});

test("offices, machines, what is held back and what goes on are seen in light and dark", async () => {
  desk("--json", "demo");
  const office = (JSON.parse(desk("do", "sync.status")) as { office: string }).office;
  for (const name of ["Lò Thị Mai", "Ỷ Lan Nguyên Phi", "H'Hen Niê Kđăm"])
    desk(
      "do",
      "case.receive",
      JSON.stringify({
        procedure_code: "2.001576",
        applicant: { kind: "individual", name },
        papers: [0, 1, 2].map((index) => ({ index, originals: 1 })),
        return_method: "counter",
      }),
    );
  // Somebody served, somebody gone, somebody who still waits.
  for (const acts of [["queue.call", "leg.start", "leg.finish"], ["leg.leave"], []]) {
    const given = JSON.parse(desk("do", "visit.register", '{"service":"ho-tich"}')) as { visit_id: string };
    for (const act of acts) {
      const counter = act === "queue.call" ? { counter: 1 } : {};
      desk("do", act, JSON.stringify({ visit_id: given.visit_id, ...counter }));
    }
  }
  const { code, ca_file } = ask("code", "--office", office) as { code: string; ca_file: string };
  desk("enrol", "--central", url, "--code", code, "--ca", ca_file);
  desk("sync", "--once");
  // What takes days or other machines to come about is put there.
  sql(`INSERT INTO office(code) VALUES('H99.03'), ('H99.04');
    INSERT INTO device(device, office_id, public_key, name, enrolled_at, seen_at, revoked_at, unsent, oldest_unsent, told_at)
    SELECT gen_random_uuid(), office_id, decode(repeat('00', 32), 'hex'), name, now() - interval '40 days', now() - ago, CASE WHEN gone THEN now() - ago END, unsent, now() - 2 * ago, now() - ago
    FROM office, (VALUES ('Máy chủ quầy xã Ea Hồ', interval '3 days', false, 1842), ('Quầy 2 cũ', interval '9 days', true, 0)) v(name, ago, gone, unsent)
    WHERE code = 'H99.03';
    INSERT INTO verdict(office_id, event_id, device, entity, status, code, since)
    SELECT l.office_id, l.event_id, l.device, l.entity, v.status, v.code, now() - interval '5 hours'
    FROM (SELECT * FROM event_log ORDER BY seq LIMIT 3) l, (VALUES ('quarantined', 'BODY_UNREADABLE'), ('parked', 'UPGRADE')) v(status, code)
    WHERE (l.seq % 2 = 0) = (v.code = 'UPGRADE');
    INSERT INTO downstream_line(system, heard_at) VALUES ('ministry', now());
    INSERT INTO downstream_use(system, office) VALUES ('ministry', 'H99.03');
    INSERT INTO look_up_line(register, per_day, heard_at, since, code)
    VALUES ('citizen', 500, now() - interval '2 minutes', NULL, NULL), ('enterprise', 500, now() - interval '1 day', now() - interval '20 minutes', 'REGISTER_AWAY');
    INSERT INTO downstream_line(heard_at, since, code, detail, tries, next_at)
    VALUES (now() - interval '1 hour', now() - interval '50 minutes', 'PORTAL_AWAY', 'HTTP 503', 9, now() + interval '3 minutes');
    UPDATE downstream_case SET code = 'OFFICE_UNMAPPED', tries = 2, next_at = now() + interval '2 hours';
    UPDATE downstream_case SET code = 'PORTAL_REFUSED', detail = '9: Thiếu MaLinhVuc', tries = 4, next_at = now() + interval '2 hours'
    WHERE id = (SELECT min(id::text)::uuid FROM downstream_case);`);
  for (const theme of ["light", "dark"] as const) {
    const page = await open(theme);
    await enter(page);
    for (const words of [
      "Đang liên lạc",
      "Đã thu quyền",
      "Im lặng",
      "1.842",
      "Nội dung không đọc được",
      "Chưa gửi được từ",
      "Thiếu MaLinhVuc",
      "Dùng cho: H99.03.",
      `${office}: 2 hồ sơ chờ.`,
      "Không trả lời từ",
    ])
      await page.getByText(words).first().waitFor();
    await expectAccessible(page);
    expect(await tooWide(page)).toBe(false);
    await picture(page, `operators-${theme}`);
    await page.getByRole("heading", { name: "Số liệu hôm nay theo đơn vị" }).scrollIntoViewIfNeeded();
    await picture(page, `operators-${theme}-today`);
    await page.getByRole("heading", { name: "Tra cứu dân cư và doanh nghiệp" }).scrollIntoViewIfNeeded();
    await picture(page, `operators-${theme}-onward`);
    await page.getByRole("heading", { name: "Máy đã kết nối" }).scrollIntoViewIfNeeded();
    await picture(page, `operators-${theme}-below`);
    // The names of citizens are nobody's business here.
    await expect.poll(() => page.innerText("body")).not.toMatch(/Lò Thị Mai|Ỷ Lan|H'Hen/);
    // The office's own figures, and the same for other days, by the keyboard.
    await page.getByRole("link", { name: office, exact: true }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: `Số liệu của ${office}` }).waitFor();
    await page.getByText("≤ 15 phút: 100% (1/1)").waitFor();
    await page.getByText("3 lượt lấy số, 1 đang chờ").waitFor();
    await expectAccessible(page);
    expect(await tooWide(page)).toBe(false);
    await picture(page, `operators-${theme}-office`);
    await expect.poll(() => page.innerText("body")).not.toMatch(/Lò Thị Mai|Ỷ Lan|H'Hen/);
    await page.getByLabel("Từ ngày").fill("2020-01-01");
    await page.getByLabel("Từ ngày").press("Enter");
    await page.getByRole("alert").waitFor();
    await expectAccessible(page);
    await page.getByLabel("Đến ngày").fill("2020-01-31");
    await page.getByLabel("Đến ngày").press("Enter");
    await page.getByText("Không có lượt giao dịch hay hồ sơ nào trong khoảng này.").waitFor();
    await page.getByRole("link", { name: "Về trang vận hành" }).click();
    await page.getByRole("heading", { name: "Đơn vị", exact: true }).waitFor();
    await page.context().close();
  }
  const narrow = await open("light", 420, 800);
  await enter(narrow);
  expect(await tooWide(narrow)).toBe(false);
  await picture(narrow, "operators-narrow");
  await narrow.getByRole("link", { name: office, exact: true }).click();
  await narrow.getByRole("heading", { name: `Số liệu của ${office}` }).waitFor();
  expect(await tooWide(narrow)).toBe(false);
  await picture(narrow, "operators-narrow-office");
});
