//! What the supervisor looks into: figures open to their visits, visits to what happened. Reading
//! changes nothing; the one act, letting somebody through, names its reason.
import { command } from "$lib/backend";
import type { Counted } from "$lib/gen/Counted";
import type { QueueRow } from "$lib/gen/QueueRow";
import { t } from "$lib/i18n.svelte";
import { since } from "$lib/time.svelte";
import { live, refresh } from "./live.svelte";
import { may } from "./session.svelte";
import { perform, say } from "./strip.svelte";

/** Something opened at the side; the one opened last is on top. */
export type Side =
  | { kind: "waiting" }
  | { kind: "figure"; lists: Counted[] }
  | { kind: "counter"; number: number }
  | { kind: "promises" }
  | { kind: "promised"; list: Counted; service: string | undefined }
  | { kind: "visit"; visitId: string; ticket: string };

class Supervision {
  open = $state.raw<Side[]>([]);
  jumping = $state.raw<QueueRow>();

  /** The wait of a row now. */
  wait(row: QueueRow): number {
    const heard = live.queue;
    return row.wait_ms + (row.wait_running && heard ? since(heard.at) : 0);
  }
  /** Everybody not yet served, the longest wait first. */
  get waiting(): QueueRow[] {
    const queue = live.queue?.value;
    return [...(queue?.waiting ?? []), ...(queue?.called ?? [])].sort((a, b) => this.wait(b) - this.wait(a));
  }
  /** The visit that a counter has called or serves. */
  at(counter: number): QueueRow | undefined {
    const queue = live.queue?.value;
    return [...(queue?.called ?? []), ...(queue?.serving ?? [])].find((row) => row.counter === counter);
  }

  look(side: Side): void {
    this.open = [...this.open, side];
  }
  lookAt(row: Pick<QueueRow, "visit_id" | "ticket">): void {
    this.look({ kind: "visit", visitId: row.visit_id, ticket: row.ticket });
  }
  back(): void {
    this.open = this.open.slice(0, -1);
  }
  leave(): void {
    this.open = [];
    this.jumping = undefined;
  }

  /** Why this one cannot be let through now. Only for saying so beforehand: Rust decides. */
  jumpWhy(row: QueueRow | undefined): string | undefined {
    if (!may("queue.jump")) return t("supervisor.jumpOnly");
    if (row?.state === "called") return t("supervisor.jumpCalled", { n: row.counter ?? 0 });
    return row?.state === "waiting" ? undefined : t("supervisor.jumpNotWaiting");
  }
  askJump(row: QueueRow | undefined): void {
    const why = this.jumpWhy(row);
    if (row && why === undefined) this.jumping = row;
    else say(`${t("supervisor.jump")}: ${why ?? ""}`, "info");
  }
  jump = (row: QueueRow, reason: string): Promise<void> =>
    perform(`jump.${row.visit_id}`, async () => {
      await command("queue.jump", { visit_id: row.visit_id, reason });
      this.jumping = undefined;
      say(t("done.jumped", { ticket: row.ticket }));
      await refresh.queue();
    });
}

export const supervision = new Supervision();
