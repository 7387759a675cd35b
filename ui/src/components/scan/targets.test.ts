import { render } from "@testing-library/svelte";
import { expect, test } from "vitest";
import type { Answer } from "$lib/backend";
import { statuses } from "$lib/cases";
import PaperTargets from "./PaperTargets.svelte";

const shown = (status: string) =>
  ({
    case: { status, attachments: [] },
    procedure: { papers: [{ name: "Tờ khai", required: true, originals: 1, copies: 0 }] },
  }) as unknown as Answer<"case.get">;

test.each(statuses)("the result of a case that is %s is offered, or says why not", (status) => {
  const props = { shown: shown(status), chosen: "0", other: "", error: undefined };
  const { container } = render(PaperTargets, props);
  const input = (value: string) => container.querySelector<HTMLInputElement>(`input[value="${value}"]`);
  const there = status === "done" || status === "returned";
  expect(input("result")?.disabled).toBe(!there);
  const words = input("result")?.closest("label")?.textContent ?? "";
  expect(words.includes("chưa có kết quả")).toBe(!there);
  expect([input("0")?.disabled, input("other")?.disabled]).toEqual([false, false]);
});
