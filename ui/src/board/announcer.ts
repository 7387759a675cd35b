//! Calls made audible one after the other. Each call sounds once, a recall sounds again, what was
//! taken back or has been answered meanwhile is left out, and nothing ever overlaps.
import type { BoardCall } from "$lib/gen/BoardCall";

/** Plays one call to its end. */
export type Play = (call: BoardCall) => Promise<void>;

export class Announcer {
  readonly #play: Play;
  #known: Set<string> | undefined;
  #queue: BoardCall[] = [];
  #running = false;

  constructor(play: Play) {
    this.#play = play;
  }

  /** The calls on the board now. What stood there when the board was opened stays silent. */
  show(calls: BoardCall[]): void {
    const fresh = this.#known ? calls.filter((call) => !this.#known?.has(key(call))) : [];
    this.#known = new Set(calls.map(key));
    // Of a number that was called again only the last call counts.
    const asked = new Set(calls.filter((call) => call.state === "called").map(key));
    this.#queue = [...this.#queue, ...fresh.reverse()].filter((call) => asked.has(key(call)));
    void this.#run();
  }

  /** The same once more, after what waits. */
  repeat(call: BoardCall): void {
    if (!this.#queue.some((waiting) => key(waiting) === key(call))) this.#queue.push(call);
    void this.#run();
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      for (let call = this.#queue.shift(); call; call = this.#queue.shift()) {
        // A clip that cannot be played must not silence those after it.
        await this.#play(call).catch(() => undefined);
      }
    } finally {
      this.#running = false;
    }
  }
}

/** One call: a number called again is another call. */
export function key(call: BoardCall): string {
  return `${call.ticket} ${call.counter} ${call.called_at}`;
}
