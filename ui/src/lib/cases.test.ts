import { describe, expect, test } from "vitest";
import type { Case } from "./gen/Case";
import type { Procedure } from "./gen/Procedure";
import type { WantedPaper } from "./gen/WantedPaper";
import {
  actKeys,
  filterOf,
  hasResult,
  heldPapers,
  narrowings,
  nextStep,
  phoneOf,
  questionOf,
  rivals,
  standing,
  statuses,
  unnarrowed,
} from "./cases";

test.each([
  ["2026-11-23", "2026-11-23"],
  ["2026-11-29", "2026-11-23"],
  ["2026-11-30", "2026-11-30"],
  ["2027-01-01", "2026-12-28"],
])("the week of %s began on %s", (day, monday) => {
  expect(filterOf("week", day)).toEqual({ from: monday });
});

test("each narrowing is a question of its own", () => {
  const asked = narrowings.map(({ id }) => JSON.stringify(filterOf(id, "2026-11-25")));
  expect(new Set(asked).size).toBe(narrowings.length);
});

test.each([
  ["received", null, "acc"],
  ["received", "2026-11-25T17:00:00+07:00", "near"],
  ["received", "2026-11-26T17:00:00+07:00", "acc"],
  ["received", "2026-11-25T08:00:00+07:00", "over"],
  ["processing", "2026-11-25T08:00:00+07:00", "over"],
  ["supplement_requested", null, "near"],
  ["done", "2026-11-20T08:00:00+07:00", "ok"],
  ["refused", "2026-11-20T08:00:00+07:00", ""],
  ["returned", "2026-11-20T08:00:00+07:00", "ok"],
] as const)("a case %s, due %s, is shown as %s", (status, due_at, tone) => {
  expect(standing({ status, due_at }, Date.parse("2026-11-25T09:00:00+07:00")).tone).toBe(tone);
});

test("only a case with its result takes files of one", () => {
  // As `attach` in crates/domain has it.
  expect(statuses.filter(hasResult)).toEqual(["done", "returned"]);
});

test("acts that one status knows have keys of their own", () => {
  // As the table of ways in crates/domain has it.
  const together = [
    ["hand_over", "receive_result", "request_supplement", "postpone", "refuse", "withdraw", "stop"],
    ["receive_result", "take_back", "request_supplement", "postpone", "refuse", "withdraw", "stop"],
    ["complete_supplement", "refuse", "withdraw", "stop"],
    ["return_result"],
  ] as const;
  for (const acts of together) expect(new Set(acts.map((act) => actKeys[act])).size).toBe(acts.length);
  expect(Object.values(nextStep)).toEqual(together.map((acts) => acts[0]));
});

test("what is chosen beside a chip narrows it further", () => {
  const finer = { ...unnarrowed, from: "2026-11-01", online: true };
  expect(questionOf("overdue", finer, "2026-11-25")).toEqual({
    overdue: true,
    from: "2026-11-01",
    online: true,
  });
  expect(questionOf("all", unnarrowed, "2026-11-25")).toEqual({});
  expect(new Set(statuses).size).toBe(8);
});

test("chips that say a status or a day are told from the others", () => {
  const which = (what: "status" | "day") => narrowings.map(({ id }) => id).filter((id) => rivals(id, what));
  expect(which("status")).toEqual(["supplement", "done", "returned"]);
  expect(which("day")).toEqual(["today", "week"]);
});

describe("papers of a case", () => {
  const procedure = {
    papers: ["Tờ khai", "Giấy chứng sinh", "Ủy quyền", "Căn cước"].map((name) => ({ name })),
  } as unknown as Procedure;
  const none = { originals: 0, certified: 0, copies: 0 };
  const received = {
    papers: [
      { index: 0, ...none, originals: 1 },
      { index: 2, ...none, not_applicable: "tự nộp" },
      { index: 3, ...none, reused: true },
    ],
    missing: [1],
    attachments: [
      {
        paper: { to: "paper", index: 3 },
        reused_from: { case_id: "x", case_code: "H99-1", attachment: "y" },
      },
    ],
    acts: [],
  } as unknown as Case;
  const asked = {
    at_ms: 1,
    officer: "ha",
    event: {
      kind: "case.supplement_requested" as const,
      body: { papers: [{ index: 1, name: "Giấy chứng sinh", ...none, originals: 1 }], reason: "thiếu" },
    },
  };
  const came = (...papers: WantedPaper[]) => ({
    at_ms: 2,
    officer: "ha",
    event: { kind: "case.supplement_received" as const, body: { papers, because: [] } },
  });
  const told = (acts: Case["acts"], named: Procedure | null = procedure) =>
    heldPapers({ case: { ...received, acts: acts ?? [] }, procedure: named }).map((each) =>
      [
        each.name,
        each.originals + each.certified + each.copies,
        each.missing && "missing",
        each.notNeeded && "not needed",
        each.reused && each.reusedFrom,
      ]
        .filter((part) => part !== false)
        .join(" "),
    );

  test("say what is missing until the dossier was completed", () => {
    const before = ["Tờ khai 1", "Giấy chứng sinh 0 missing", "Ủy quyền 0 not needed", "Căn cước 0 H99-1"];
    expect(told([])).toEqual(before);
    expect(told([asked])).toEqual(before);
  });

  test("count what a supplement brought, also what is not in the list", () => {
    const supplement = came(
      { index: 1, name: "Giấy chứng sinh", ...none, copies: 1 },
      { index: 0, name: "Tờ khai", ...none, originals: 1 },
      { name: "Văn bản xác nhận", ...none, certified: 1 },
    );
    expect(told([asked, supplement])).toEqual([
      "Tờ khai 2",
      "Giấy chứng sinh 1",
      "Ủy quyền 0 not needed",
      "Căn cước 0 H99-1",
      "Văn bản xác nhận 1",
    ]);
    expect(told([asked, supplement], null)[1]).toBe("Giấy chứng sinh 1");
  });

  test("completed without papers, nothing is missing any more", () => {
    // Nothing in a list is left out on the way.
    const empty = { ...came(), event: { kind: "case.supplement_received", body: {} } } as never;
    expect(told([asked, empty])).toEqual(told([asked, came()]));
    expect(told([asked, came()])).toEqual(["Tờ khai 1", "Ủy quyền 0 not needed", "Căn cước 0 H99-1"]);
  });
});

test("the number shown is the one that was told last", () => {
  const of = (contact?: Case["contact"]) =>
    phoneOf({ case: { applicant: { kind: "individual", name: "A", phone: "0912000001" }, contact } as Case });
  expect(of()).toBe("0912000001");
  expect(of({ phone: "0987000002", changes: 1 })).toBe("0987000002");
  expect(of({ changes: 2 })).toBeUndefined();
});
