//! A machine whose clock is set by the test, and set anew while the program runs: what the program
//! asks the system for is answered by a few lines of C, built here by the compiler that linked it.
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const source = `
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The time of day is off by what the file says, in seconds; time that passes is not. */
int clock_gettime(clockid_t which, struct timespec *at) {
  static int file = -2;
  long long off = 0;
  if (syscall(SYS_clock_gettime, which, at) != 0) return -1;
  if (which != CLOCK_REALTIME && which != CLOCK_REALTIME_COARSE) return 0;
  if (file == -2) {
    const char *name = getenv("MOTCUA_E2E_CLOCK");
    file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
  }
  if (file >= 0 && pread(file, &off, sizeof off, 0) == sizeof off) at->tv_sec += off;
  return 0;
}
`;

export class MachineClock {
  private readonly dir = mkdtempSync(path.join(tmpdir(), "motcua-e2e-clock-"));
  private readonly library = path.join(this.dir, "clock.so");
  private readonly file = path.join(this.dir, "off");

  /** Off by so many seconds from the first moment. */
  constructor(offSeconds: number) {
    writeFileSync(this.file, Buffer.alloc(8));
    this.set(offSeconds);
    const cc = process.env.CC ?? "cc";
    execFileSync(cc, ["-shared", "-fPIC", "-O1", "-x", "c", "-", "-o", this.library], { input: source });
  }

  /** What a program has in its environment so that it reads this clock. */
  get env(): NodeJS.ProcessEnv {
    return { LD_PRELOAD: this.library, MOTCUA_E2E_CLOCK: this.file };
  }

  /** Somebody sets the clock of the machine; nothing is ever read half written. */
  set(offSeconds: number): void {
    const off = Buffer.alloc(8);
    off.writeBigInt64LE(BigInt(offSeconds));
    const file = openSync(this.file, "r+");
    writeSync(file, off, 0, off.length, 0);
    closeSync(file);
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
