//! Who sits at this counter: opening it, stepping away, taking over, moving on, closing.
import { type Answer, ApiError, command, rpc } from "$lib/backend";
import { t } from "$lib/i18n.svelte";
import { hourMinute } from "$lib/time.svelte";
import { desk } from "./desk.svelte";
import { live, refresh } from "./live.svelte";
import { go, may, session, signIn, signOut } from "./session.svelte";
import { perform, say } from "./strip.svelte";

export type Taken = NonNullable<Answer<"desk.get">["session"]>;

/** `mine` and `away` are this officer's; `unknown` before anything was heard. */
export type SeatState = "unknown" | "closed" | "other" | "mine" | "away";

export function counterName(number: number): string {
  const known = live.branch?.branch.counters.find((each) => each.number === number);
  return known?.name ?? t("desk.counterN", { n: number });
}

/** Whether signing in is sitting down: a supervisor looks after everybody, and opens a counter by
    calling somebody to it. */
export function sitsDown(roles: string[]): boolean {
  return roles.includes("officer") && !roles.includes("supervisor") && !roles.includes("admin");
}

class Seat {
  get held(): Taken | undefined {
    return live.desk?.value.session ?? undefined;
  }
  get state(): SeatState {
    if (!live.desk) return "unknown";
    const held = this.held;
    if (!held) return "closed";
    if (held.officer !== session.officer) return "other";
    return held.state === "on_break" ? "away" : "mine";
  }
  get may(): boolean {
    return may("counter.open");
  }

  /** What an answer has to be told beside. */
  private tell(done: string, answer: Answer<"counter.open">): void {
    const also = answer.session?.also_at ?? [];
    const alone = answer.waiting_only_here;
    if (alone.length > 0) say(t("seat.waitingOnlyHere", { done, tickets: alone.join(", ") }), "info");
    else if (also.length > 0)
      say(t("seat.alsoAt", { done, counters: also.map(counterName).join(", ") }), "info");
    else say(done);
  }

  private act(run: () => Promise<void>): Promise<void> {
    return perform("seat", async () => {
      await run();
      desk.dialog = undefined;
      await Promise.all([refresh.desk(), refresh.queue()]);
    });
  }

  open = (takeOver = false): Promise<void> =>
    this.act(async () => {
      const counter = session.counter;
      const answer = await command("counter.open", takeOver ? { counter, take_over: true } : { counter });
      this.tell(t("done.counterOpened", { counter: counterName(counter) }), answer);
    });

  stepAway = (minutes: number, reason: string | undefined): Promise<void> =>
    this.act(async () => {
      const answer = await command("counter.break", { counter: session.counter, minutes, reason });
      const back = answer.session?.back_at;
      say(t("done.steppedAway", { time: back ? hourMinute(back) : "" }));
    });

  comeBack = (): Promise<void> =>
    this.act(async () => {
      await command("counter.resume", { counter: session.counter });
      say(t("done.cameBack", { counter: counterName(session.counter) }));
    });

  /** Sits down at another counter; the one left is closed with the same act. */
  move = (counter: number, takeOver = false): Promise<void> =>
    this.act(async () => {
      const mine = this.state === "mine" || this.state === "away";
      const answer = await command("counter.open", {
        counter,
        ...(takeOver ? { take_over: true } : {}),
        ...(mine ? { leave: session.counter } : {}),
      });
      signIn(session.officer, counter);
      this.tell(t("done.counterOpened", { counter: counterName(counter) }), answer);
    });

  close = (): Promise<void> =>
    this.act(async () => {
      const answer = await command("counter.close", { counter: session.counter });
      this.tell(t("done.counterClosed", { counter: counterName(session.counter) }), answer);
    });

  /** Signing out leaves no counter open behind; with somebody at the desk it asks first. */
  signOut = (): Promise<void> =>
    perform("signOut", async () => {
      await refresh.desk();
      if (this.state === "mine" || this.state === "away") {
        try {
          await command("counter.close", { counter: session.counter });
        } catch (cause) {
          if (!(cause instanceof ApiError) || cause.code !== "COUNTER_BUSY") throw cause;
          go("desk");
          desk.dialog = { kind: "leaving", then: this.signOut };
          return;
        }
      }
      desk.dialog = undefined;
      signOut();
    });

  /** What was meant, at once when nobody is at the desk, or once they have been seen to. */
  afterVisit(then: () => Promise<void>): void {
    if (desk.view) desk.dialog = { kind: "leaving", then };
    else void then();
  }
}

export const seat = new Seat();

/** Who sits at a counter, as asked by somebody who is about to sit there. */
export async function whoSits(counter: number): Promise<Answer<"desk.get">> {
  return rpc("desk.get", { counter });
}
