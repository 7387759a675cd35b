import { render } from "@testing-library/svelte";
import { expect, test } from "vitest";
import FilePick, { type Picked } from "./FilePick.svelte";

interface Shown {
  picked: Picked | undefined;
  error?: string;
}
const picked: File[] = [];
const props = (shown: Shown) => ({
  label: "Tệp kết nối",
  name: "file",
  accept: ".json",
  onpick: (file: File) => picked.push(file),
  ...shown,
});

function choose(input: HTMLInputElement, file: File): void {
  Object.defineProperty(input, "files", { value: [file], configurable: true });
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

/** What is read out: the texts that name the field, one after the other. */
function named(container: HTMLElement, input: HTMLInputElement): string {
  const ids = input.getAttribute("aria-labelledby")?.split(" ") ?? [];
  return ids.map((id) => container.querySelector(`[id="${id}"]`)?.textContent?.trim()).join(" ");
}

test("a file is named with its size, and the same one can be chosen again", async () => {
  const { container, rerender } = render(FilePick, props({ picked: undefined }));
  const input = container.querySelector("input") as HTMLInputElement;
  expect(named(container, input)).toBe("Tệp kết nối chưa chọn tệp");
  const file = new File(["{}".repeat(2200)], "ket-noi.json");
  choose(input, file);
  expect(picked).toEqual([file]);
  expect(input.value).toBe("");
  await rerender(props({ picked: file }));
  expect(named(container, input)).toBe("Tệp kết nối ket-noi.json, 4 KB");
  choose(input, file);
  expect(picked).toEqual([file, file]);
});

test("a refusal stands at the field", () => {
  const { container } = render(FilePick, props({ picked: undefined, error: "Không phải tệp kết nối." }));
  const input = container.querySelector("input") as HTMLInputElement;
  expect(input.getAttribute("aria-invalid")).toBe("true");
  const note = container.querySelector(`[id="${input.getAttribute("aria-describedby")}"]`);
  expect(note?.textContent).toContain("Không phải tệp kết nối.");
});
