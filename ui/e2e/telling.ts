//! What a failed flow leaves in the log, of which CI keeps the end only and no picture; and a desk that
//! whatever runs next finds free, its own second try included.
import { afterEach } from "vitest";
import { openPages, running } from "./harness.ts";

// Before the pages are closed: `sequence.hooks` is "list".
afterEach(async ({ task }) => {
  const pages = openPages.splice(0).filter((page) => !page.isClosed());
  if (task.result?.state !== "fail") return;
  for (const page of pages) {
    const text = await page
      .locator("body")
      .innerText({ timeout: 2_000 })
      .catch((error: unknown) => String(error));
    const lines = text.split(/\s*\n\s*/).filter((line) => line !== "");
    const at = new URL(page.url()).hash;
    console.error(`On the screen (${at}) when “${task.name}” failed:\n${lines.join(" | ")}`);
  }
  for (const server of running)
    await server
      .clearSince(task.result.startTime ?? 0)
      .catch((error: unknown) => console.error(`“${task.name}” leaves its visits open: ${String(error)}`));
});
