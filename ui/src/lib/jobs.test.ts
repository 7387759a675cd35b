import { expect, test } from "vitest";
import type { PrintJob } from "./gen/PrintJob";
import { troubled } from "./jobs";

const at = "2026-11-23T09:00:00+07:00";
const job = (over: Partial<PrintJob>): PrintJob => ({
  job_id: over.title ?? "",
  kind: "ticket",
  id: "",
  title: "",
  state: "done",
  reprint: false,
  tries: 1,
  created_at: at,
  changed_at: at,
  ...over,
});

test("what failed and what is stuck is told however many came after, and time makes a job stuck", () => {
  const jobs = [
    ...Array.from({ length: 60 }, (_, n) => job({ title: `A-${n}` })),
    job({ title: "failed", state: "failed" }),
    job({ title: "slow", state: "sent", stuck_from: "2026-11-23T09:02:00+07:00" }),
  ];
  const names = (minute: string) => {
    const { failed, stuck } = troubled(jobs, Date.parse(`2026-11-23T09:${minute}:00+07:00`));
    return [failed.map((each) => each.title), stuck.map((each) => each.title)];
  };
  expect(names("01")).toEqual([["failed"], []]);
  expect(names("02")).toEqual([["failed"], ["slow"]]);
});
