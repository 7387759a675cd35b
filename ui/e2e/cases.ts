//! What flows about cases begin with: a demo branch that prints receipts into a folder, cases that
//! were taken in there, and somebody who was served.
import type { Browser, Page } from "playwright-core";
import type { Verbs } from "../src/lib/gen/verbs.ts";
import { Server, enter, expectAccessible, expectNothingClipped, launch, picture } from "./harness.ts";

export interface Branch {
  server: Server;
  browser: Browser;
  /** A procedure to take cases in for. */
  procedure: string;
}

export async function branchWithReceipts(): Promise<Branch> {
  const server = await Server.demo();
  const browser = await launch();
  await server.call("printer.assign", { kind: "receipt", printer: `folder:${server.papers}` });
  const hits = await server.call("catalogue.search", { text: "khai sinh" });
  return { server, browser, procedure: hits[0]?.code ?? "" };
}

/** Takes a case in, past the screen. */
export async function receiveCase(
  { server, procedure }: { server: Server; procedure: string },
  name: string,
  more: Partial<Verbs["case.receive"]["args"]> = {},
): Promise<{ id: string; code: string }> {
  const answer = await server.call("case.receive", {
    procedure_code: procedure,
    applicant: { kind: "individual", name, id_number: "001190000001", phone: "0912345678" },
    papers: [],
    missing_ground: "Công dân bổ sung sau",
    limit: { value: 20, unit: "working_day" },
    ...more,
  });
  return { id: answer.case_id, code: answer.case_code };
}

/** Opens a case by its name, from the list. */
export async function openCase(page: Page, server: Server, name: string): Promise<void> {
  await enter(page, server, "ha", 1, "cases");
  await page.fill("#case-search", name);
  await page.waitForSelector(`.cases tbody tr:first-child:has-text('${name}')`);
  await page.keyboard.press("Enter");
  await page.waitForSelector(`.drawer:has-text('${name}')`);
}

/** Somebody came to a counter and was served there. */
export async function served(server: Server, counter: number): Promise<void> {
  const { visit_id } = await server.call("visit.register", { service: "ho-tich" }, "ha");
  await server.call("queue.call", { visit_id, counter }, "ha");
  await server.call("leg.start", { visit_id }, "ha");
  await server.call("leg.finish", { visit_id }, "ha");
}

/** Everybody can read what is there, nothing is cut off, and there is a picture to look at. */
export async function lookAt(page: Page, name: string): Promise<void> {
  await expectAccessible(page);
  await expectNothingClipped(page);
  await picture(page, name);
}
