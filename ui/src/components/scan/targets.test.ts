import { render } from "@testing-library/svelte";
import { expect, test } from "vitest";
import type { Answer } from "$lib/backend";
import PaperTargets from "./PaperTargets.svelte";

const shown = (has_result: boolean) =>
  ({
    has_result,
    case: { attachments: [] },
    procedure: { papers: [{ name: "Tờ khai", required: true, originals: 1, copies: 0 }] },
  }) as unknown as Answer<"case.get">;

test.each([true, false])("where there is a result (%s) it is offered, else it says why not", (there) => {
  const props = { shown: shown(there), chosen: "0", other: "", error: undefined };
  const { container } = render(PaperTargets, props);
  const input = (value: string) => container.querySelector<HTMLInputElement>(`input[value="${value}"]`);
  expect(input("result")?.disabled).toBe(!there);
  const words = input("result")?.closest("label")?.textContent ?? "";
  expect(words.includes("chưa có kết quả")).toBe(!there);
  expect([input("0")?.disabled, input("other")?.disabled]).toEqual([false, false]);
});
