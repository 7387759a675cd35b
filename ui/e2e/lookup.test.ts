//! Looking somebody up from the form: the real branch and the real central, and before it a SIMULATOR
//! of the population register (docs/lookups.md is our assumption; nothing here is the register).
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type IncomingMessage, type Server as Http, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
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

const NUMBER = "001187004521";
const record = {
  SoDinhDanh: NUMBER,
  HoTen: "Triệu Thị Kim Oanh",
  NgaySinh: "19870412",
  GioiTinh: "Nữ",
  NoiThuongTru: "Thôn 3, xã Ea Hồ, tỉnh Đắk Lắk",
};
let server: Server;
let central: Central;
let browser: Browser;
let page: Page;
let complaints: string[];
let simulator: Http;
const folder = mkdtempSync(path.join(tmpdir(), "motcua-e2e-lookup-"));
/** How the simulator answers from now on. */
let register: "found" | "away" = "found";

async function read(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const part of request) body += String(part);
  return body;
}

beforeAll(async () => {
  simulator = createServer((request, response) => {
    void read(request).then((body) => {
      response.setHeader("content-type", "application/json");
      if (request.url === "/token") return response.end('{"access_token":"t","token_type":"Bearer"}');
      if (register === "away") {
        response.statusCode = 502;
        return response.end("{}");
      }
      const asked = (JSON.parse(body) as { SoDinhDanh?: string }).SoDinhDanh;
      return response.end(
        JSON.stringify(asked === NUMBER ? { MaLoi: "0", CongDan: record } : { MaLoi: "404" }),
      );
    });
  });
  await new Promise<void>((resolve) => simulator.listen(0, "127.0.0.1", resolve));
  const at = `http://127.0.0.1:${(simulator.address() as AddressInfo).port}`;
  server = await Server.demo();
  await server.call("printer.assign", { kind: "receipt", printer: `folder:${server.papers}` });
  const { office } = await server.call("sync.status", {});
  writeFileSync(path.join(folder, "secret"), "bí mật\n");
  const settings = path.join(folder, "lookups.json");
  writeFileSync(
    settings,
    JSON.stringify({
      token_url: `${at}/token`,
      client_id: "e2e",
      client_secret_file: "secret",
      citizen_url: `${at}/dan-cu`,
      offices: { [office]: "DV-1" },
      patience_s: 2,
    }),
  );
  central = await Central.start("--lookups", settings);
  central.enrol(path.join(server.dir, "data"), office);
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
  await central?.stop();
  simulator?.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  register = "found";
  ({ page, complaints } = await newPage(browser, { width: 1280, height: 720 }));
  return async () => {
    await page.context().close();
    expect(complaints).toEqual([]);
  };
});

/** From nobody to a form in which somebody stands, by keys alone. */
async function serveNext(name: string): Promise<void> {
  await server.call("visit.register", {
    service: "ho-tich",
    applicant: { kind: "individual", name, id_number: NUMBER },
  });
  await enter(page, server, "lan", 3, "desk");
  await page.waitForSelector(".rail .rb.p:has-text('F2')");
  await page.keyboard.press("F2");
  await page.waitForSelector(".tag:has-text('Đang gọi')");
  await page.keyboard.press("F4");
  await page.waitForSelector(".tag:has-text('Đang phục vụ')");
  await page.waitForSelector("[role=combobox]:focus");
}

/** Takes the case in, as F9 does, and ends the visit; what the record says of looking up. */
async function receives() {
  const { case_id } = await server.call("case.receive", {
    procedure_code: "2.001576",
    applicant: { kind: "individual", name: "Triệu Thị Kim Oanh", id_number: NUMBER },
    papers: [0, 1, 2].map((index) => ({ index, originals: 1, certified: 0, copies: 0 })),
    return_method: "counter",
    counter: 3,
  });
  const { case: found } = await server.call("case.get", { id: case_id });
  await page.keyboard.press("F10");
  await page.waitForSelector(".tag:has-text('Đang phục vụ')", { state: "detached" });
  return found.look_up;
}

test("by one key asked, by another filled in; the card and the register are shown side by side", async () => {
  await serveNext("Triệu Thị Kim Oánh");
  await page.keyboard.press("Control+l");
  await page.getByText("khác 4 mục so với phiếu").waitFor();
  await expectAccessible(page);
  await expectNothingClipped(page);
  await picture(page, "lookup-differs");
  // Nothing changes by itself.
  await expect.poll(() => page.locator("main .b").first().innerText()).toContain("Kim Oánh");
  await page.keyboard.press("Control+e");
  await page.getByText("Đã điền theo dữ liệu tra cứu").waitFor();
  await expect.poll(() => page.locator("main .b").first().innerText()).toContain("Kim Oanh");
  await picture(page, "lookup-filled");
  const said = await receives();
  expect(said).toMatchObject({ outcome: "found", register: "citizen", by: "lan" });
});

test("the register is away: one calm line, the desk goes on, and the record says so", async () => {
  register = "away";
  await serveNext("Triệu Thị Kim Oanh");
  await page.keyboard.press("Control+l");
  await page.getByText("Chưa tra cứu được dữ liệu dân cư").waitFor();
  await expectAccessible(page);
  await expectNothingClipped(page);
  await picture(page, "lookup-away");
  await expect
    .poll(() => receives())
    .toMatchObject({ outcome: "unavailable", code: "REGISTER_AWAY", by: "lan" });
});

test("reception asks in the same way, in light and dark", async () => {
  for (const theme of ["light", "dark"] as const) {
    const look = await newPage(browser, { width: 1280, height: 720, theme });
    await enter(look.page, server, "lan", 3, "reception");
    await look.page.locator("[data-field=name]").fill("Triệu Thị Kim Oanh");
    await look.page.locator("[data-field=id_number]").fill(NUMBER);
    await look.page.keyboard.press("Control+l");
    await look.page.getByText("khác 3 mục so với phiếu").waitFor();
    await expectAccessible(look.page);
    await expectNothingClipped(look.page);
    await picture(look.page, `lookup-reception-${theme}`);
    await look.page.keyboard.press("Control+e");
    await look.page.getByText("Đã điền theo dữ liệu tra cứu").waitFor();
    await look.page.getByText("12/04/1987").waitFor();
    await look.page.locator("[data-field=id_number]").fill("001187004522");
    await look.page.keyboard.press("Control+l");
    await look.page.getByText("không có số này").waitFor();
    expect(look.complaints).toEqual([]);
    await look.page.context().close();
  }
});
