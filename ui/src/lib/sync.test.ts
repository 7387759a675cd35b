import { describe, expect, test } from "vitest";
import { type Overview, fieldName, said, skewMinutes } from "./sync";

const central: Overview = {
  now: "2026-11-26T09:14:00+07:00",
  way: "central",
  busy: false,
  unsent: 0,
  days: [],
  earlier: 0,
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

  test("clocks are worth a word from two minutes on", () => {
    expect(skewMinutes({ ...central, skew_ms: 119_000 })).toBeUndefined();
    expect(skewMinutes({ ...central, skew_ms: -300_000 })).toBe(5);
    expect(skewMinutes({ ...central, skew_ms: 600_000 })).toBe(-10);
  });

  test("a field has a name where people know one", () => {
    expect(fieldName("applicant.phone")).toBe("sync.field.phone");
    expect(fieldName("papers[0].originals")).toBeUndefined();
  });
});
