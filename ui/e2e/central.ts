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
    await central.up(...more);
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

  private async up(...more: string[]): Promise<void> {
    const tls = path.join(this.dir, "tls");
    const how = ["serve", "--database-url", this.database, "--listen", "127.0.0.1:0", "--dev-tls", tls];
    const child = spawn(program, [...how, ...more]);
    child.stderr.resume();
    this.serving = child;
    const ready = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).once("line", resolve);
      child.once("exit", (code) => reject(new Error(`central ended with ${code}`)));
    });
    this.url = (JSON.parse(ready) as { url: string }).url;
  }

  ask(...args: string[]): string {
    return execFileSync(program, [...args, "--database-url", this.database], { encoding: "utf8" });
  }

  /** The branch in that folder joins. */
  enrol(data: string, office: string): void {
    const { code, ca_file } = JSON.parse(this.ask("code", "--office", office)) as Record<string, string>;
    const how = ["enrol", "--central", this.url, "--code", code ?? "", "--ca", ca_file ?? ""];
    execFileSync(binary, ["--data", data, ...how], { encoding: "utf8" });
  }

  async end(): Promise<void> {
    const child = this.serving;
    this.serving = undefined;
    if (!child) return;
    const over = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await over;
  }

  async stop(): Promise<void> {
    await this.end();
    this.postgres("pg_ctl", "-w", "-m", "immediate", "-D", this.db, "stop");
    rmSync(this.dir, { recursive: true, force: true });
  }
}
