import { describe, expect, test } from "vitest";
import type { Answer } from "./backend";
import { type Overview, codesShort, fieldName, joins, pill, said, skewWords, span } from "./sync";

const central: Overview = {
  now: "2026-11-26T09:14:00+07:00",
  way: "central",
  busy: false,
  unsent: 0,
  days: [],
  earlier: 0,
  parted: [],
  problems: 0,
  scans: { files: 0, bytes: 0, failed: 0 },
  bundles: [],
  last_done_at: "2026-11-26T09:13:00+07:00",
  stick: { has_key: true, places: [], name: "a.motcua" },
};

describe("the line in words", () => {
  test("offline is calm, and only what needs a person is marked so", () => {
    expect(said(central)).toMatchObject({ title: "sync.line.all", tone: "ok" });
    expect(said({ ...central, unsent: 3 }).title).toBe("sync.line.sending");
    const never = { ...central };
    delete never.last_done_at;
    expect(said(never).title).toBe("sync.line.first");
    const tones = (code: string) => said({ ...central, code }).tone;
    expect(["SYNC_OFFLINE", "SYNC_TIMEOUT", "SYNC_BUSY", "SYNC_SERVER"].map(tones)).toEqual(
      Array.from({ length: 4 }, () => "off"),
    );
    expect(["SYNC_CAPTIVE_PORTAL", "SYNC_UNKNOWN_DEVICE", "SYNC_PROTO"].map(tones)).toEqual(
      Array.from({ length: 3 }, () => "fix"),
    );
    // What the back end says of it begins with the very title.
    expect(said({ ...central, code: "SYNC_CAPTIVE_PORTAL" }).note).toBe("sync.line.portalNote");
    // A code of a newer program has the sentence that came with it.
    expect(said({ ...central, code: "SYNC_SOMETHING" })).toEqual({ title: "sync.line.failed", tone: "off" });
  });

  test("a counter speaks of its hub and never of central", () => {
    const counter: Overview = { ...central, way: "hub", hub: { here: true, number: 3 } };
    expect(said(counter).title).toBe("sync.line.hubHas");
    expect(said({ ...counter, unsent: 2 }).title).toBe("sync.line.hubSending");
    expect(said({ ...counter, hub: { here: false, number: 3 } }).title).toBe("sync.line.alone");
    expect(said({ ...central, way: "nobody", unsent: 3 }).title).toBe("sync.line.never");
    // An answer on a stick said that everything has arrived.
    expect(said({ ...central, way: "nobody", unsent: 0 }).title).toBe("sync.line.onFoot");
  });

  test("clocks are worth a word from two minutes on, in units that people use", () => {
    expect(skewWords({ ...central, skew_ms: 119_000 })).toBeUndefined();
    expect(skewWords({ ...central, skew_ms: -300_000 })).toEqual({
      sentence: "sync.skewFast",
      span: ["span.minutes", { m: 5 }],
    });
    expect(skewWords({ ...central, way: "hub", skew_ms: 7_800_000 })).toEqual({
      sentence: "sync.skewSlowHub",
      span: ["span.hoursMinutes", { h: 2, m: 10 }],
    });
    expect(span(3_600_000)).toEqual(["span.hours", { h: 1 }]);
    expect(span(-172_800_000)).toEqual(["span.days", { d: 2 }]);
    expect(span(-180_000_000)).toEqual(["span.daysHours", { d: 2, h: 2 }]);
  });

  test("while codes run short nobody is told that there is nothing to do", () => {
    const away = { ...central, code: "SYNC_OFFLINE" };
    const codes = { date: "2026-11-26", parted: true, left: 90, of: 100, low: false, provisional: 0 };
    expect(said(away).note).toBe("sync.line.offlineNote");
    expect(codesShort({ ...away, codes })).toBe(false);
    expect(said({ ...away, codes: { ...codes, provisional: 1 } }).note).toBe("sync.line.offlineCodes");
    expect(said({ ...away, codes: { ...codes, low: true } }).note).toBe("sync.line.offlineCodes");
  });

  test("joining is offered where it helps, and never at a counter", () => {
    expect(joins(central)).toBe(false);
    expect(joins({ ...central, way: "nobody" })).toBe(true);
    expect(joins({ ...central, code: "SYNC_UNKNOWN_DEVICE" })).toBe(true);
    expect(joins({ ...central, code: "SYNC_OFFLINE" })).toBe(false);
    expect(joins({ ...central, way: "hub", code: "SYNC_UNKNOWN_DEVICE" })).toBe(false);
  });

  test("a field has a name where people know one", () => {
    expect(fieldName("applicant.phone")).toBe("sync.field.phone");
    expect(fieldName("papers[0].originals")).toBeUndefined();
  });
});

describe("the top bar", () => {
  type Status = Answer<"sync.status">;
  const base: Status = { office: "H99.12", unsent: 0, quarantined: 0, enrolled: true };
  const ways: Record<string, Status> = {
    central: base,
    away: { ...base, last_error: "x" },
    hub: { ...base, enrolled: false, hub: { here: true, number: 3 } },
    alone: { ...base, enrolled: false, last_error: "x", hub: { here: false, number: 3 } },
    local: { ...base, enrolled: false },
  };
  /** Way, what waits, what is held back: tone, title, note. */
  const said: [string, number, number, string, string, string][] = [
    ["central", 0, 0, "ok", "sync.allSent", "sync.received"],
    ["central", 2, 0, "off", "sync.sending", "sync.waiting"],
    ["central", 0, 12, "fix", "sync.fix", "sync.fixNote"],
    ["central", 2, 12, "fix", "sync.fix", "sync.fixSending"],
    ["away", 0, 0, "off", "sync.offline", "sync.received"],
    ["away", 2, 0, "off", "sync.offline", "sync.waiting"],
    ["away", 0, 12, "fix", "sync.offline", "sync.waitsHeld"],
    ["away", 2, 12, "fix", "sync.offline", "sync.waitsHeld"],
    ["hub", 0, 0, "ok", "sync.together", "sync.togetherNote"],
    ["hub", 2, 0, "off", "sync.together", "sync.waiting"],
    ["hub", 0, 12, "fix", "sync.fix", "sync.fixNote"],
    ["hub", 2, 12, "fix", "sync.fix", "sync.fixSending"],
    ["alone", 0, 0, "off", "sync.alone", "sync.aloneNote"],
    ["alone", 2, 0, "off", "sync.alone", "sync.waiting"],
    ["alone", 0, 12, "fix", "sync.alone", "sync.waitsHeld"],
    ["alone", 2, 12, "fix", "sync.alone", "sync.waitsHeld"],
    ["local", 0, 0, "off", "sync.local", "sync.kept"],
    ["local", 2, 0, "off", "sync.local", "sync.kept"],
    ["local", 0, 12, "fix", "sync.local", "sync.waitsHeld"],
    ["local", 2, 12, "fix", "sync.local", "sync.waitsHeld"],
  ];
  test.each(said)("%s, %i wait, %i held", (way, unsent, quarantined, tone, title, note) => {
    const got = pill({ ...(ways[way] ?? base), unsent, quarantined });
    expect([got.tone, got.title[0], got.note[0]]).toEqual([tone, title, note]);
    // Whatever else is said, what waits is counted.
    if (unsent > 0) expect(got.note[1].n).toBe(unsent);
    if (quarantined > 0)
      expect({ ...got.title[1], ...got.note[1] }).toSatisfy(
        (words: Record<string, unknown>) => words.held === 12 || words.n === 12 || got.title[1].n === 12,
      );
  });

  test("a clock far off is amber, and hides neither what waits nor what is away", () => {
    const skewed = (skew_ms: number, more: Partial<Status> = {}) => pill({ ...base, ...more, skew_ms });
    expect(skewed(300_000).tone).toBe("ok");
    expect(skewed(-172_800_000)).toMatchObject({
      tone: "fix",
      title: ["sync.clockOff", {}],
      span: ["span.days", { d: 2 }],
    });
    expect(skewed(400_000, { unsent: 3 }).note).toEqual(["sync.waiting", { n: 3 }]);
    expect(skewed(400_000, { last_error: "x" }).title[0]).toBe("sync.offline");
    expect(skewed(400_000, { quarantined: 1 }).title[0]).toBe("sync.fix");
  });
});
