//! The last lines of a run: what failed first comes first, a line each. One flow that leaves a counter
//! busy can fail whatever follows it, and the log of a long run is cut at its beginning.
import { stripVTControlCharacters } from "node:util";
import type { Reporter, TestCase, TestModule } from "vitest/node";

const firstLine = (test: TestCase) =>
  stripVTControlCharacters(test.result().errors?.[0]?.message ?? "").split("\n")[0];
const place = (test: TestCase) => {
  const at = test.result().errors?.[0]?.stacks?.find((stack) => stack.file.includes(".test."));
  return at ? `${at.file.split("/").at(-1)}:${at.line}` : test.module.relativeModuleId;
};

export class Summary implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const all = modules
      .flatMap((module) => [...module.children.allTests()])
      .sort((a, b) => (a.diagnostic()?.startTime ?? 0) - (b.diagnostic()?.startTime ?? 0));
    const failed = all.filter((test) => test.result().state === "failed");
    const again = all.filter((test) => test.diagnostic()?.flaky);
    for (const [word, tests] of [
      ["failed", failed],
      ["passed at the second try", again],
    ] as const)
      for (const test of tests)
        process.stdout.write(`${word}: ${test.name} (${place(test)}): ${firstLine(test)}\n`);
  }
}
