import { afterEach, beforeEach, expect, test } from "vitest";
import { intoDialog, whenScanned } from "./takers";

beforeEach(() => {
  document.body.innerHTML = `<input id="below"><dialog open><input id="waybill" maxlength="20"><button>Lưu</button></dialog>`;
});
afterEach(() => (document.body.innerHTML = ""));

const field = (id: string) => document.getElementById(id) as HTMLInputElement;

test("what is scanned goes into the dialog's field that has the keys", () => {
  let told = "";
  field("waybill").addEventListener("input", () => (told = field("waybill").value));
  field("waybill").focus();
  expect(intoDialog("EE123456789VN")).toBe("taken");
  expect(told).toBe("EE123456789VN");
});

test("never below it, never a card as text, never cut off", () => {
  field("below").focus();
  expect(intoDialog("H99.12-261123-0001")).toBe("refused");
  expect(field("below").value).toBe("");
  field("waybill").focus();
  expect(intoDialog("025054000912|012345678|Hoàng Văn Ký")).toBe("refused");
  expect(intoDialog("EE123456789VNEE123456789VN")).toBe("refused");
  expect(field("waybill").value).toBe("");
});

test("the dialog that knows what to do with it has it, the last opened first", () => {
  const got: string[] = [];
  const stops = [
    whenScanned(() => got.push("first") > 0),
    whenScanned((text) => text.startsWith("HEN") && got.push("second") > 0),
  ];
  expect([intoDialog("HEN-123-456"), intoDialog("EE1")]).toEqual(["taken", "taken"]);
  expect(got).toEqual(["second", "first"]);
  for (const stop of stops) stop();
  document.querySelector("dialog")?.remove();
  expect(intoDialog("EE1")).toBe("no dialog");
});
