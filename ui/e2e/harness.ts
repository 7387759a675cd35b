//! The real server on a demo branch of its own, and a browser before it.
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { AxeBuilder } from "@axe-core/playwright";
import { type Browser, type Page, chromium } from "playwright-core";
import { expect } from "vitest";
import type { VerbName, Verbs } from "../src/lib/gen/verbs.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const binary = process.env.MOTCUA_BIN ?? path.join(root, "target/debug/motcua");
const screens = process.env.MOTCUA_UI ?? path.join(root, "ui/dist");
const chromiumPath = process.env.CHROMIUM ?? "/usr/bin/chromium";

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const taken = createServer();
    taken.once("error", () => resolve(false));
    taken.listen(port, "0.0.0.0", () => taken.close(() => resolve(true)));
  });
}

/** Servers that run now. */
export const running = new Set<Server>();

export class Server {
  readonly dir = mkdtempSync(path.join(tmpdir(), "motcua-e2e-"));
  readonly papers = path.join(this.dir, "papers");
  url = "";
  token = "";
  boardUrl = "";
  kioskUrl = "";
  ratingUrl = "";
  private child: ChildProcessWithoutNullStreams | undefined;
  private surroundings: NodeJS.ProcessEnv = {};

  /** `prepare` may put assets of its own into the data folder before the branch opens;
   *  `surroundings` are what the program finds in its environment besides. */
  static async demo(prepare?: (data: string) => void, surroundings: NodeJS.ProcessEnv = {}): Promise<Server> {
    const server = new Server();
    server.surroundings = surroundings;
    mkdirSync(server.papers);
    execFileSync(binary, ["--data", server.data, "demo"], { env: server.env });
    prepare?.(server.data);
    await server.start();
    return server;
  }

  /** On a folder that has no branch yet. */
  static async empty(): Promise<Server> {
    const server = new Server();
    await server.run("--setup");
    return server;
  }

  /** A port that nobody has just now, nor the next. Below those that systems give out by
   *  themselves, so that nobody takes it while a server on it is away. */
  async freePort(): Promise<number> {
    for (;;) {
      const port = 20_000 + 2 * randomInt(6_000);
      if ((await isFree(port)) && (await isFree(port + 1))) return port;
    }
  }

  private get env(): NodeJS.ProcessEnv {
    return { ...process.env, ...this.surroundings };
  }

  private get data(): string {
    return path.join(this.dir, "data");
  }

  /** `port` is the one its hub listens on; the screens are served on the next. */
  async start(port?: number): Promise<void> {
    await this.run("--listen", `127.0.0.1:${port ?? (await this.freePort())}`);
  }

  private async run(...how: string[]): Promise<void> {
    const child = spawn(binary, ["--data", this.data, "serve", "--ui", screens, ...how], {
      env: this.env,
    });
    this.child = child;
    child.stderr.resume();
    const line = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).once("line", resolve);
      child.once("exit", (code) => reject(new Error(`server ended with ${code}`)));
    });
    const { local_url, token, board_url, kiosk_url, rating_url } = JSON.parse(line) as Record<string, string>;
    this.url = local_url ?? "";
    this.token = token ?? "";
    this.boardUrl = board_url ?? "";
    this.kioskUrl = kiosk_url ?? "";
    this.ratingUrl = rating_url ?? "";
    running.add(this);
  }

  /** Any verb, past the screen: to prepare, and to see what was really recorded. */
  async call<N extends VerbName>(
    name: N,
    args: Verbs[N]["args"],
    officer = "lan",
  ): Promise<Verbs[N]["answer"]> {
    const response = await fetch(`${this.url}/rpc/${name}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${this.token}`,
        "x-officer": officer,
        "x-command-id": crypto.randomUUID(),
      },
      body: JSON.stringify(args),
    });
    const body: unknown = await response.json();
    if (!response.ok) throw new Error(JSON.stringify(body));
    return body as Verbs[N]["answer"];
  }

  /** Ends whatever visit somebody moved since `when`: counters are free again, nobody new waits. */
  async clearSince(when: number): Promise<void> {
    for (const row of await this.call("day.open_legs", {}))
      if (Date.parse(row.since) >= when)
        await this.call("leg.leave", { visit_id: row.visit_id, reason: "Bỏ dở" });
  }

  printed(): string[] {
    return readdirSync(this.papers);
  }

  /** Ends the program at once and waits for it; the folder stays. */
  end(): Promise<void> {
    return this.kill("SIGKILL");
  }

  /** Ends the program as a service manager does, and clears its folder once nobody writes there. */
  async stop(): Promise<void> {
    await this.kill("SIGTERM");
    rmSync(this.dir, { recursive: true, force: true });
  }

  private async kill(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    running.delete(this);
    const child = this.child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const over = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await over;
  }
}

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox"] });
}

export interface Look {
  width?: number;
  height?: number;
  theme?: "light" | "dark";
}

/** Whatever a test has opened: told about when it fails (`telling.ts`). */
export const openPages: Page[] = [];

/** A page, with what it complains about. */
export async function newPage(browser: Browser, { width = 1366, height = 768, theme = "light" }: Look = {}) {
  const context = await browser.newContext({
    viewport: { width, height },
    locale: "vi-VN",
    colorScheme: theme,
  });
  const page = await context.newPage();
  openPages.push(page);
  // `MOTCUA_SLOW=8`: a browser that is as many times slower, for races.
  if (process.env.MOTCUA_SLOW) {
    const session = await context.newCDPSession(page);
    await session.send("Emulation.setCPUThrottlingRate", { rate: Number(process.env.MOTCUA_SLOW) });
  }
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    // A refused command answers 4xx, which the browser reports by itself.
    if (message.type() === "error" && !message.text().includes("status of 4"))
      complaints.push(message.text());
  });
  return { page, complaints };
}

/** A picture for whoever looks at the screens, into the folder that MOTCUA_PICTURES names. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env.MOTCUA_PICTURES;
  if (folder) await page.screenshot({ path: path.join(folder, `${name}.png`) });
}

/** Opens a screen as somebody who has already chosen officer and counter. */
export async function enter(
  page: Page,
  server: Server,
  officer: string,
  counter: number,
  view: string,
): Promise<void> {
  await page.goto(`${server.url}/#token=${server.token}`);
  await page.waitForSelector("main.start");
  await page.evaluate((session) => {
    localStorage.setItem("motcua.session", session);
    sessionStorage.setItem("motcua.session", "in");
  }, JSON.stringify({ officer, counter }));
  await page.goto(`${server.url}/#${view}`);
  await page.reload();
  await page.waitForSelector(".app main");
}

/** What a keyboard-wedge scanner does: keys without a pause, then Enter, to whatever has focus. */
export async function scan(page: Page, text: string): Promise<void> {
  await page.evaluate((keys) => {
    const began = performance.now();
    let struck = 0;
    const press = (key: string) => {
      const target = document.activeElement ?? document.body;
      const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
      // As a scanner strikes them, however long a busy machine takes between two of these.
      Object.defineProperty(event, "timeStamp", { value: began + struck++ });
      const typed = target.dispatchEvent(event);
      // A scanner's key types like any other unless somebody prevents it.
      if (typed && key.length === 1 && target instanceof HTMLInputElement) {
        target.value += key;
        target.dispatchEvent(new InputEvent("input", { bubbles: true, data: key }));
      }
    };
    for (const key of [...keys, "Enter"]) press(key);
  }, text);
}

export async function expectAccessible(page: Page): Promise<void> {
  // In the page alone: else axe opens a second one to sum up in, and where that takes its time to
  // close, the keys that follow are nobody's.
  const { violations } = await new AxeBuilder({ page })
    .setLegacyMode()
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"])
    .analyze();
  expect
    .soft(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`))
    .toEqual([]);
}

/** Nothing may be wider than its room, except what scrolls or is shortened on purpose. */
export async function expectNothingClipped(page: Page): Promise<void> {
  const clipped = await page.evaluate(() => {
    const out: string[] = [];
    for (const element of document.querySelectorAll<HTMLElement>(
      "button, label, h1, h2, h3, kbd, th, dt, legend, .tag",
    )) {
      const style = getComputedStyle(element);
      const box = element.getBoundingClientRect();
      if (box.width < 2 || style.visibility === "hidden" || element.closest(".vh, .clip")) continue;
      if (box.right > innerWidth + 1 || box.left < -1)
        out.push(`${element.tagName} outside: ${element.innerText.slice(0, 40)}`);
      if (
        element.scrollWidth > element.clientWidth + 1 &&
        style.overflowX === "hidden" &&
        style.textOverflow !== "ellipsis"
      ) {
        out.push(`${element.tagName} cut: ${element.innerText.slice(0, 40)}`);
      }
    }
    if (document.documentElement.scrollHeight > innerHeight + 1) {
      const below = [...document.querySelectorAll<HTMLElement>("body *")].filter(
        (element) => element.getBoundingClientRect().bottom > innerHeight + 1,
      );
      const who = below.map((element) => `${element.tagName}.${element.className}`);
      out.push(`page scrolls: ${who.slice(0, 6).join(", ")}`);
    }
    return out;
  });
  expect.soft(clipped).toEqual([]);
}

/** Nothing lies over anything else: whatever there is to read or to press inside `within`, scrolled
 *  to where it has to be scrolled to, is what a pointer finds in its place. */
export async function expectNothingCovered(page: Page, within = "main"): Promise<void> {
  const covered = await page.evaluate((within) => {
    const name = (element: Element | null) =>
      element
        ? `${element.tagName}.${element.className} ${(element.textContent ?? "").trim().slice(0, 40)}`
        : "nothing";
    const out: string[] = [];
    const parts = "h1, h2, h3, label, legend, p, button, input, select, th, td";
    for (const element of document.querySelectorAll<HTMLElement>(`${within} :is(${parts})`)) {
      if (element.closest(".vh") || !element.checkVisibility({ visibilityProperty: true })) continue;
      if (element.matches("input[type=radio], input[type=checkbox]")) continue;
      element.scrollIntoView({ block: "nearest" });
      const box = element.getBoundingClientRect();
      if (box.width < 2 || box.height < 2) continue;
      const middle = (box.left + box.right) / 2;
      for (const y of [box.top + 4, (box.top + box.bottom) / 2, box.bottom - 4]) {
        const hit = document.elementFromPoint(middle, y);
        if (hit && (element.contains(hit) || hit.contains(element))) continue;
        out.push(`${name(element)} is under ${name(hit)}`);
        break;
      }
    }
    return out;
  }, within);
  expect.soft(covered).toEqual([]);
}

/** The two ways in which every screen must stand. */
export const looks = [
  { theme: "light", width: 1366, height: 768 },
  { theme: "dark", width: 1280, height: 720 },
] as const;

/** A screen as it stands, in each of them: a picture, nothing clipped, read by everybody. */
export async function pictures(page: Page, name: string): Promise<void> {
  for (const look of looks) {
    await page.setViewportSize(look);
    await page.emulateMedia({ colorScheme: look.theme });
    await picture(page, `${name}-${look.theme}`);
    await expectNothingClipped(page);
    await expectAccessible(page);
  }
}
