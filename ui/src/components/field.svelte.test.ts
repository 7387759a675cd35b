import { flushSync, mount, unmount } from "svelte";
import { afterEach, expect, test } from "vitest";
import { CaseForm } from "$lib/state/caseForm.svelte";
import Field from "./Field.svelte";

let shown: Record<string, unknown> | undefined;
afterEach(() => {
  if (shown) void unmount(shown);
  shown = undefined;
});

/** A field of a form, with the errors as its dialog has them. */
function field(read: () => string | undefined) {
  let value = $state("");
  shown = mount(Field, {
    target: document.body,
    props: {
      label: "Lý do",
      get value() {
        return value;
      },
      set value(typed: string) {
        value = typed;
      },
      get error() {
        return read();
      },
    },
  });
  flushSync();
  const input = document.querySelector("input") as HTMLInputElement;
  const type = (text: string) => {
    input.value = text;
    input.dispatchEvent(new InputEvent("input", { bubbles: true }));
    flushSync();
  };
  const said = () => document.querySelector(".err")?.textContent?.trim();
  return { input, type, said };
}

test("a sentence is about the value that was refused, and about no other", () => {
  let errors = $state<Record<string, string>>({});
  const { input, type, said } = field(() => errors.reason);
  errors = { reason: "Mời nhập lý do." };
  flushSync();
  expect([said(), input.getAttribute("aria-invalid")]).toEqual(["Mời nhập lý do.", "true"]);
  type("Chưa ký");
  expect([said(), input.getAttribute("aria-invalid")]).toEqual([undefined, null]);
  type("");
  expect(said()).toBe("Mời nhập lý do.");
});

test("the next value may be refused with the same sentence; another field's refusal leaves this one", () => {
  const form = $state<{ errors: Record<string, string> }>({ errors: {} });
  const { type, said } = field(() => form.errors.amount);
  type("8k");
  form.errors = { amount: "Chưa rõ số tiền." };
  flushSync();
  type("9k");
  expect(said()).toBeUndefined();
  form.errors.note = "Quá dài.";
  flushSync();
  expect(said()).toBeUndefined();
  form.errors = { amount: "Chưa rõ số tiền." };
  flushSync();
  expect(said()).toBe("Chưa rõ số tiền.");
});

test("a form that is sent again and refused at once says so again", async () => {
  const form = new CaseForm("case", 1);
  const { type, said } = field(() => form.errors.date);
  const send = async () => {
    let faults = 0;
    form.send(
      "test",
      () => {
        form.errors = { date: "Chưa rõ ngày." };
        return undefined;
      },
      () => undefined,
      () => faults++,
    );
    await expect.poll(() => faults).toBe(1);
    flushSync();
  };
  type("hôm nào");
  await send();
  expect(said()).toBe("Chưa rõ ngày.");
  type("mai mốt");
  expect(said()).toBeUndefined();
  await send();
  expect(said()).toBe("Chưa rõ ngày.");
});
