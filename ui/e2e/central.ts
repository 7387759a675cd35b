//! The real central over TLS on a PostgreSQL of the test's own, for flows that reach beyond a branch.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const binary = process.env.MOTCUA_BIN ?? path.join(root, "target/debug/motcua");
const program = path.join(path.dirname(binary), "motcua-central");
const versions = "/usr/lib/postgresql";

export class Central {
  readonly dir = mkdtempSync(path.join(tmpdir(), "motcua-e2e-central-"));
  private readonly db = path.join(this.dir, "db");
  readonly database = `postgres://central@${this.db.replaceAll("/", "%2F")}/postgres`;
  url = "";
  private serving: ChildProcess | undefined;
  private more: string[] = [];

  static async start(...more: string[]): Promise<Central> {
    const central = new Central();
    chmodSync(central.dir, 0o777);
    const { db } = central;
    const settings = `-c listen_addresses= -c unix_socket_directories=${db}`;
    central.postgres(
      "initdb",
      "-A",
      "trust",
      "-U",
      "central",
      "-E",
      "UTF8",
      "--locale=C",
      "--no-sync",
      "-D",
      db,
    );
    central.postgres("pg_ctl", "-w", "-D", db, "-l", path.join(db, "log"), "-o", settings, "start");
    central.more = more;
    await central.up();
    return central;
  }

  /** PostgreSQL does not run as root. */
  private postgres(name: string, ...args: string[]): void {
    const newest =
      readdirSync(versions)
        .sort((a, b) => Number(a) - Number(b))
        .at(-1) ?? "";
    const command = [path.join(versions, newest, "bin", name), ...args];
    const as = process.getuid?.() === 0 ? ["runuser", "-u", "postgres", "--", ...command] : command;
    execFileSync(as[0] ?? "", as.slice(1), { cwd: "/", stdio: "ignore" });
  }

  /** Serves, and again where it served before. */
  async up(): Promise<void> {
    const tls = path.join(this.dir, "tls");
    const listen = this.url === "" ? "127.0.0.1:0" : new URL(this.url).host;
    const how = ["serve", "--database-url", this.database, "--listen", listen, "--dev-tls", tls];
    const child = spawn(program, [...how, ...this.more]);
    child.stderr.resume();
    this.serving = child;
    const ready = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).once("line", resolve);
      child.once("exit", (code) => reject(new Error(`central ended with ${code}`)));
    });
    this.url = (JSON.parse(ready) as { url: string }).url;
  }

  /** One of its other commands, and what that says. */
  run(...args: string[]): Record<string, string> {
    const out = execFileSync(program, [...args, "--database-url", this.database], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return JSON.parse(out) as Record<string, string>;
  }

  /** An office as central holds it, a line for each thing. */
  dump(office: string): string {
    const how = ["dump", "--office", office, "--database-url", this.database];
    return execFileSync(program, how, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  }

  sql(statement: string): void {
    execFileSync("psql", [this.database, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", statement]);
  }

  /** The branch in that folder joins. */
  enrol(data: string, office: string): void {
    const { code, ca_file } = this.run("code", "--office", office);
    const how = ["enrol", "--central", this.url, "--code", code ?? "", "--ca", ca_file ?? ""];
    execFileSync(binary, ["--data", data, ...how], { encoding: "utf8" });
  }

  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.serving;
    this.serving = undefined;
    if (!child) return;
    const over = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await over;
  }

  async stop(): Promise<void> {
    await this.end();
    this.postgres("pg_ctl", "-w", "-m", "immediate", "-D", this.db, "stop");
    rmSync(this.dir, { recursive: true, force: true });
  }
}
