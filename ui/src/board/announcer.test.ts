import type { BoardCall } from "$lib/gen/BoardCall";
import { describe, expect, test } from "vitest";
import { Announcer } from "./announcer";

const call = (ticket: string, second: number, state: BoardCall["state"] = "called"): BoardCall => ({
  ticket,
  counter: 2,
  counter_name: "Quầy 2",
  called_at: `2026-11-23T09:00:${String(second).padStart(2, "0")}.000+07:00`,
  calls: 1,
  state,
});

/** Audio that ends when the test says so, and notices two at once. */
class FakeAudio {
  readonly played: string[] = [];
  #end: ((broken: boolean) => void) | undefined;

  readonly play = (played: BoardCall): Promise<void> => {
    if (this.#end) throw new Error("two calls at once");
    this.played.push(played.ticket);
    return new Promise((resolve, reject) => {
      this.#end = (broken) => {
        this.#end = undefined;
        if (broken) reject(new Error("no such clip"));
        else resolve();
      };
    });
  };

  async end(broken = false): Promise<void> {
    this.#end?.(broken);
    await new Promise((resolve) => setTimeout(resolve));
  }
}

function opened(...before: BoardCall[]) {
  const audio = new FakeAudio();
  const announcer = new Announcer(audio.play);
  announcer.show(before);
  return { audio, announcer };
}

describe("calls made audible", () => {
  test("what stood on the board when it was opened is not called once more", async () => {
    const { audio, announcer } = opened(call("A-001", 1));
    announcer.show([call("A-001", 1)]);
    await audio.end();
    expect(audio.played).toEqual([]);
  });

  test("one after the other, in the order of the calls, each once", async () => {
    const { audio, announcer } = opened();
    // The board lists the latest first.
    announcer.show([call("A-002", 2), call("A-001", 1)]);
    announcer.show([call("A-003", 3), call("A-002", 2), call("A-001", 1)]);
    expect(audio.played).toEqual(["A-001"]);
    await audio.end();
    expect(audio.played).toEqual(["A-001", "A-002"]);
    await audio.end();
    await audio.end();
    await audio.end();
    announcer.show([call("A-003", 3), call("A-002", 2), call("A-001", 1)]);
    expect(audio.played).toEqual(["A-001", "A-002", "A-003"]);
  });

  test("called again is said again; two recalls in waiting are one", async () => {
    const { audio, announcer } = opened();
    announcer.show([call("A-001", 1)]);
    announcer.show([call("A-001", 21)]);
    announcer.show([call("A-001", 41)]);
    await audio.end();
    await audio.end();
    await audio.end();
    expect(audio.played).toEqual(["A-001", "A-001"]);
  });

  test("taken back, or already at the counter: left out", async () => {
    const { audio, announcer } = opened();
    announcer.show([call("A-003", 3), call("A-002", 2), call("A-001", 1)]);
    announcer.show([call("A-003", 3, "serving"), call("A-001", 1)]);
    await audio.end();
    await audio.end();
    expect(audio.played).toEqual(["A-001"]);
  });

  test("what was called while the line was cut is called when it stands again", async () => {
    const { audio, announcer } = opened(call("A-001", 1));
    announcer.show([call("A-005", 50), call("A-004", 40, "serving"), call("A-001", 1)]);
    await audio.end();
    expect(audio.played).toEqual(["A-005"]);
  });

  test("repeated by hand, after what waits, and not doubled", async () => {
    const { audio, announcer } = opened(call("A-001", 1));
    announcer.show([call("A-002", 2), call("A-001", 1)]);
    announcer.repeat(call("A-001", 1));
    announcer.repeat(call("A-001", 1));
    await audio.end();
    await audio.end();
    await audio.end();
    expect(audio.played).toEqual(["A-002", "A-001"]);
  });

  test("a broken clip does not silence the calls after it", async () => {
    const { audio, announcer } = opened();
    announcer.show([call("A-002", 2), call("A-001", 1)]);
    await audio.end(true);
    expect(audio.played).toEqual(["A-001", "A-002"]);
  });
});
