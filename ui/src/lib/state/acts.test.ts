import { beforeEach, describe, expect, test, vi } from "vitest";
import { type Backend, type Call, command, useBackend } from "$lib/backend";
import { coalesced } from "./live.svelte";
import { go, session } from "./session.svelte";
import { notice, perform, say, sayHere, sayPrinted, undo, undoFor, undoLeft } from "./strip.svelte";
import { touch } from "$lib/time.svelte";
import {
  changeWho,
  emptyCase,
  feeNotes,
  feeOf,
  isInstant,
  limitOf,
  missingPapers,
  receiveArgs,
} from "./draft.svelte";

let calls: Call[];
let respond: (call: Call) => Promise<unknown>;

beforeEach(() => {
  calls = [];
  respond = () => Promise.resolve({});
  const backend: Backend = {
    call: (call) => {
      calls.push(call);
      return respond(call);
    },
    onChange: () => () => undefined,
    onScan: () => () => undefined,
  };
  useBackend(backend);
});

describe("a paper that did not come out", () => {
  const why = "Chưa chọn máy in cho loại giấy này. Nội dung đã ghi và giữ lại.";
  test.each([
    ["appointment", "HEN-73G-V5R", `Phiếu hẹn HEN-73G-V5R: ${why}`],
    ["receipt", "H99.12-261130-0001", `Giấy tiếp nhận hồ sơ H99.12-261130-0001: ${why}`],
    ["hand_over_list", "H99.12-261130-0001", `Danh sách bàn giao có H99.12-261130-0001: ${why}`],
    ["dossier_refusal", "A-001-tu-choi-1", `Phiếu từ chối tiếp nhận: ${why}`],
    ["ticket", "A-001", `Số A-001 đã cấp. ${why}`],
  ] as const)("is called by its own name: %s", (kind, title, text) => {
    say("Đã ghi.", "done", undefined, "about");
    sayPrinted({
      job_id: "j",
      kind,
      id: "about",
      title,
      state: "failed",
      message: why,
      reprint: false,
      tries: 1,
      created_at: "",
      changed_at: "",
    });
    expect(notice()).toMatchObject({ text, tone: "problem" });
  });
});

describe("an act", () => {
  test("pressed again while it runs does nothing", async () => {
    let done: () => void = () => undefined;
    respond = () => new Promise<void>((resolve) => (done = resolve));
    const press = () => perform("call", async () => void (await command("queue.call_next", { counter: 1 })));
    const first = press();
    const second = press();
    done();
    await Promise.all([first, second]);
    expect(calls).toHaveLength(1);
    await Promise.all([press(), Promise.resolve().then(() => done())]);
    expect(calls).toHaveLength(2);
  });

  test("tried again after a broken line is the same command", async () => {
    respond = () => Promise.reject({ code: "UNREACHABLE", message: "" });
    await expect(command("leg.start", { visit_id: "v" })).rejects.toMatchObject({ code: "UNREACHABLE" });
    respond = () => Promise.resolve({});
    await command("leg.start", { visit_id: "v" });
    await command("leg.start", { visit_id: "v" });
    const [lost, again, anew] = calls.map((call) => call.commandId);
    expect(again).toBe(lost);
    expect(anew).not.toBe(again);
  });

  test("that is refused says the sentence of the rule", async () => {
    respond = () => Promise.reject({ code: "COUNTER_BUSY", message: "Quầy đang có người." });
    await perform("call", async () => void (await command("queue.call_next", { counter: 1 })));
    expect(notice()).toMatchObject({ text: "Quầy đang có người.", tone: "problem" });
  });

  test("can be taken back until its time is over, and only once", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    let undone = 0;
    say(
      "Đã gọi A-031.",
      "done",
      undoFor(60, "Hoàn tác", async () => void undone++),
    );
    vi.advanceTimersByTime(59_000);
    touch();
    expect(Math.round(undoLeft() / 1000)).toBe(1);
    await undo();
    await undo();
    expect(undone).toBe(1);
    say(
      "Đã gọi A-032.",
      "done",
      undoFor(60, "Hoàn tác", async () => void undone++),
    );
    vi.advanceTimersByTime(60_001);
    touch();
    await undo();
    expect([undoLeft(), undone]).toEqual([0, 1]);
    vi.useRealTimers();
  });
});

test("what was said of a screen goes with it; what was done stays", () => {
  session.view = "reception";
  sayHere("Đã đọc thẻ.");
  go("reception");
  expect(notice()?.text).toBe("Đã đọc thẻ.");
  go("cases");
  expect(notice()).toBeUndefined();
  say("Đã cấp số A-001.");
  go("desk");
  expect(notice()?.text).toBe("Đã cấp số A-001.");
});

test("a reading asked for while one runs is done once more, not many times", async () => {
  let runs = 0;
  let release: () => void = () => undefined;
  const read = coalesced(async () => {
    runs++;
    await new Promise<void>((resolve) => (release = resolve));
  });
  const first = read();
  void read();
  void read();
  release();
  await vi.waitFor(() => expect(runs).toBe(2));
  release();
  await first;
  expect(runs).toBe(2);
});

describe("a draft", () => {
  const days = (value: number) => ({ value, unit: "working_day" as const });
  const oanh = { kind: "individual" as const, name: "Triệu Thị Kim Oanh", id_number: "001187004521" };
  const entry = {
    code: "1.004884",
    name: "Đăng ký lại khai sinh",
    subjects: [],
    channels: [],
    results: [],
    sample: true,
    version: "x",
    limit_text: "",
    fee_text: "",
    fee: 8000,
    papers: [
      { name: "Tờ khai", originals: 1, copies: 0, required: true },
      { name: "Ủy quyền", originals: 1, copies: 0, required: false },
    ],
  };

  test("keeps who stands here when the role changes", () => {
    const draft = emptyCase(oanh);
    changeWho(draft, "proxy");
    expect([draft.applicant.name, draft.submitter.name]).toEqual(["", oanh.name]);
    changeWho(draft, "organisation");
    expect([draft.applicant.kind, draft.submitter.name]).toEqual(["enterprise", oanh.name]);
    changeWho(draft, "self");
    expect([draft.applicant.kind, draft.applicant.name, draft.submitter.name]).toEqual([
      "individual",
      oanh.name,
      "",
    ]);
  });

  test("knows what is missing, and sends only what was received", () => {
    const draft = emptyCase(oanh);
    draft.procedure = entry.code;
    expect(missingPapers(draft, entry)).toEqual([0]);
    draft.papers[0] = { originals: 1, certified: 0, copies: 0 };
    expect(missingPapers(draft, entry)).toEqual([]);
    draft.notes = "  ghi chú\u0301 ";
    const args = receiveArgs(draft, entry, "v", 1, undefined);
    expect(args.papers).toHaveLength(1);
    expect(args.fee).toEqual({ amount: 8000, method: "cash", ground: undefined });
    expect(args.submitter).toBeUndefined();
    expect(args.notes).toBe("ghi chú\u0301".normalize("NFC"));
  });

  test("charges what the catalogue says for each set, until another amount is typed", () => {
    const draft = emptyCase(oanh);
    draft.sets = 3;
    expect(feeOf(draft, entry)).toBe(24000);
    draft.feeAmount = "5.000";
    expect(receiveArgs(draft, entry, "v", 1, undefined).fee?.amount).toBe(5000);
    draft.sets = 4;
    expect(feeOf(draft, entry)).toBe(5000);
    draft.feeAmount = "-5";
    expect(feeOf(draft, entry)).toBeUndefined();
    draft.feeMethod = "exempt";
    draft.feeGround = "Người có công";
    expect(receiveArgs(draft, entry, "v", 1, undefined).fee).toEqual({
      amount: 0,
      method: "exempt",
      ground: "Người có công",
    });
  });

  const beside = {
    kind: "counter" as const,
    limits: [
      {
        text: "Trả ngay trong ngày.\nTại Ủy ban nhân dân cấp xã: 2.000 đồng/trang;",
        fees: [
          { amount: 2000, unit: "VND", text: "theo trang" },
          { amount: 2000, unit: "VND", text: "theo trang" },
        ],
      },
    ],
  };
  const online = {
    kind: "online" as const,
    limits: [
      { text: "", fees: [] },
      { limit: days(2), text: "", fees: [] },
    ],
  };

  test("says what the catalogue says of the fee beside the amount, and nothing of the limit", () => {
    expect(feeNotes({ ...entry, channels: [online, beside] })).toEqual([
      "theo trang",
      "Tại Ủy ban nhân dân cấp xã: 2.000 đồng/trang;",
    ]);
    expect(feeNotes(entry)).toEqual([]);
  });

  test("has the limit of the way it came, and is answered at once only here", () => {
    const draft = emptyCase(oanh);
    const atOnce = { ...entry, limit: days(0), channels: [beside, online] };
    expect([limitOf(draft, atOnce), isInstant(draft, atOnce)]).toEqual([days(0), true]);
    draft.channel = "online";
    expect([limitOf(draft, atOnce), isInstant(draft, atOnce)]).toEqual([days(2), false]);
    expect(limitOf(draft, { ...atOnce, channels: [beside] })).toBeUndefined();
    expect(receiveArgs(draft, atOnce, "v", 1, undefined).instant).toBeUndefined();
    draft.channel = "another";
    expect(isInstant(draft, atOnce)).toBe(false);
  });

  test("takes no sum that cannot be read, and nobody is charged for it", () => {
    const draft = emptyCase(oanh);
    const unclear = { ...entry, fee: undefined };
    expect(feeOf(draft, unclear)).toBe(0);
    draft.feeAmount = "8.000";
    expect(feeOf(draft, unclear)).toBe(8000);
    for (const typed of ["-8000", "8k", "8.000,50"]) {
      draft.feeAmount = typed;
      expect(feeOf(draft, unclear)).toBeUndefined();
      expect(receiveArgs(draft, unclear, "v", 1, undefined).fee).toBeUndefined();
    }
  });
});
