//! What needs a person, put in order. From when something holds was decided by the back end; here
//! only time has run on since.
import type { NoticeKind } from "$lib/gen/NoticeKind";
import type { WatchNotice } from "$lib/gen/WatchNotice";

/** People who wait far too long are named one by one up to this many. */
const NAMED = 5;

type Band = Extract<NoticeKind, "wait_near" | "wait_over" | "wait_far">;
const bands: Band[] = ["wait_near", "wait_over", "wait_far"];
const isBand = (kind: NoticeKind): kind is Band => (bands as NoticeKind[]).includes(kind);

export interface Due {
  /** Waiting far too long, the longest first: each is named. */
  far: WatchNotice[];
  /** Those beyond, in number. */
  farMore: number;
  /** Waiting too long. */
  over: WatchNotice[];
  /** Soon waiting too long. */
  near: WatchNotice[];
  /** Everything else, what began first above. */
  others: WatchNotice[];
}

/** The notices that hold at a moment; each person only in the worst of the bands. */
export function due(notices: WatchNotice[], now: number): Due {
  const holds = notices.filter((notice) => Date.parse(notice.from) <= now);
  const worst = new Map<string, WatchNotice>();
  for (const notice of holds) {
    if (!isBand(notice.kind) || !notice.visit_id) continue;
    const before = worst.get(notice.visit_id);
    if (!before || bands.indexOf(notice.kind) > bands.indexOf(before.kind as Band))
      worst.set(notice.visit_id, notice);
  }
  const longest = [...worst.values()].sort((a, b) => Date.parse(a.since) - Date.parse(b.since));
  const of = (kind: Band) => longest.filter((notice) => notice.kind === kind);
  const far = of("wait_far");
  return {
    far: far.slice(0, NAMED),
    farMore: Math.max(0, far.length - NAMED),
    over: of("wait_over"),
    near: of("wait_near"),
    others: holds.filter((notice) => !isBand(notice.kind)),
  };
}

/** Minutes at which a notice of a wait begins: the branch's threshold. */
export function mark(notice: WatchNotice): number {
  return Math.round((Date.parse(notice.from) - Date.parse(notice.since)) / 60_000);
}

/** Who has passed into a band between two looks: told once, to those who listen. */
export function crossed(notices: WatchNotice[], from: number, to: number): WatchNotice[] {
  return notices.filter((notice) => {
    const at = Date.parse(notice.from);
    return isBand(notice.kind) && notice.kind !== "wait_near" && at > from && at <= to;
  });
}
