import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    root: fileURLToPath(new URL(".", import.meta.url)),
    include: ["*.test.ts"],
    environment: "node",
    // Each file has a server of its own on a folder of its own, and a browser; two keep two cores busy.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A busy machine may swallow a key or a second. What fails twice is a fault, and the report names
    // whatever had to be tried again.
    retry: 1,
  },
});
