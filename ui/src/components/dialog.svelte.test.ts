import { createRawSnippet, flushSync, mount, unmount } from "svelte";
import { afterEach, expect, test } from "vitest";
import { say, sayError, sayPrinted } from "$lib/state/strip.svelte";
import Dialog from "./Dialog.svelte";

let shown: Record<string, unknown> | undefined;
afterEach(() => {
  if (shown) void unmount(shown);
  shown = undefined;
});

function open() {
  shown = mount(Dialog, {
    target: document.body,
    props: {
      title: "Nhận tiền",
      onclose: () => undefined,
      children: createRawSnippet(() => ({ render: () => "<p>Số tiền</p>" })),
    },
  });
  flushSync();
  return () => {
    flushSync();
    return document.querySelector("dialog [role='status']")?.textContent?.trim();
  };
}

test("what is said while a dialog is open is said in it, what was said before is not", () => {
  say("Đã kết thúc lượt 005.");
  const told = open();
  expect(told()).toBe("");
  sayError({ code: "CASE_STATUS", message: "Hồ sơ đã trả." });
  expect(told()).toBe("Hồ sơ đã trả.");
  say("Đã ghi.");
  expect(told()).toBe("Đã ghi.");
  // Whoever types goes on to the next thing: “Đã ghi” is not of that.
  document.querySelector("dialog")?.dispatchEvent(new InputEvent("input", { bubbles: true }));
  expect(told()).toBe("");
});

test("what becomes of a paper of before is not this dialog's", () => {
  const job = { kind: "receipt", title: "H15-1", id: "case", job_id: "job" };
  say("Đã lưu, đang in.", "done", undefined, "case");
  const told = open();
  sayPrinted({ ...job, state: "failed", message: "Hết giấy." } as Parameters<typeof sayPrinted>[0]);
  expect(told()).toBe("");
});
