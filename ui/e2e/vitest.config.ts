import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { Summary } from "./summary.ts";

export default defineConfig({
  test: {
    root: fileURLToPath(new URL(".", import.meta.url)),
    include: ["*.test.ts"],
    environment: "node",
    // Each file has a server of its own on a folder of its own, and a browser; two keep two cores busy.
    maxWorkers: 2,
    // Limits are for what never comes. A machine that is busy with something else takes its time.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000 } },
    // A busy machine may swallow a key or a second. What fails twice is a fault, and the report names
    // whatever had to be tried again.
    retry: 1,
    setupFiles: ["telling.ts"],
    sequence: { hooks: "list" },
    reporters: ["default", new Summary()],
  },
});
