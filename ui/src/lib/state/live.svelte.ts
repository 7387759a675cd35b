//! What the back end says now. Nothing polls: each part is read again when a change is announced.
import { type Answer, type ApiError, type Topic, type VerbName, apiError, onChange, rpc } from "$lib/backend";
import { type Anchor, anchor, touch } from "$lib/time.svelte";

/** An answer with the moment it was heard, for clocks that run on. */
export interface Heard<T> {
  value: T;
  at: Anchor;
}

class Live {
  branch = $state.raw<Answer<"branch.get">>();
  branchAt = $state.raw<Anchor>();
  /** Why there is no branch to work with. */
  trouble = $state.raw<ApiError>();
  queue = $state.raw<Heard<Answer<"queue.snapshot">>>();
  desk = $state.raw<Heard<Answer<"desk.get">>>();
  sync = $state.raw<Answer<"sync.status">>();
  jobs = $state.raw<Answer<"print.jobs">>([]);
  printers = $state.raw<Answer<"printer.list">>();
  figures = $state.raw<Heard<Answer<"day.figures">>>();
  watch = $state.raw<Heard<Answer<"queue.watch">>>();
  devices = $state.raw<Answer<"device.list">>([]);
  /** Since when the screen could not be brought up to date. */
  staleSince = $state.raw<number>();
  counter = 0;
}

export const live = new Live();

/** Runs one reading at a time; asked again meanwhile, it reads once more afterwards. */
export function coalesced(read: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let again = false;
  return () => {
    if (running) {
      again = true;
      return running;
    }
    running = (async () => {
      try {
        do {
          again = false;
          await read();
        } while (again);
      } finally {
        running = undefined;
      }
    })();
    return running;
  };
}

function reader<N extends VerbName>(
  name: N,
  args: () => Parameters<typeof rpc<N>>[1],
  put: (answer: Answer<N>) => void,
) {
  return coalesced(async () => {
    try {
      put(await rpc(name, args()));
      live.staleSince = undefined;
      touch();
    } catch (cause) {
      // The last good figures stay on screen; the top bar says since when they are old.
      live.staleSince ??= performance.now();
      if (name === "branch.get") live.trouble = apiError(cause);
    }
  });
}

export const refresh = {
  branch: reader(
    "branch.get",
    () => ({}),
    (answer) => {
      live.branch = answer;
      live.branchAt = anchor(answer.now);
      live.trouble = undefined;
    },
  ),
  queue: reader(
    "queue.snapshot",
    () => ({}),
    (value) => (live.queue = { value, at: anchor(value.now) }),
  ),
  desk: reader(
    "desk.get",
    () => ({ counter: live.counter }),
    (value) => {
      live.desk = { value, at: anchor(value.visit?.now ?? new Date().toISOString()) };
    },
  ),
  sync: reader(
    "sync.status",
    () => ({}),
    (value) => (live.sync = value),
  ),
  jobs: reader(
    "print.jobs",
    () => ({}),
    (value) => (live.jobs = value),
  ),
  printers: reader(
    "printer.list",
    () => ({}),
    (value) => (live.printers = value),
  ),
  figures: reader(
    "day.figures",
    () => ({}),
    (value) => (live.figures = { value, at: anchor(value.now) }),
  ),
  watch: reader(
    "queue.watch",
    () => ({}),
    (value) => (live.watch = { value, at: anchor(value.now) }),
  ),
  devices: reader(
    "device.list",
    () => ({}),
    (value) => (live.devices = value),
  ),
};

/** Readings that follow from each kind of change. */
const follow: Record<Topic, (keyof typeof refresh)[]> = {
  queue: ["queue", "desk", "figures", "sync"],
  cases: ["desk", "sync", "figures"],
  catalogue: ["branch"],
  branch: ["branch", "queue", "desk"],
  print: ["jobs", "printers", "queue", "desk"],
  day: ["branch", "queue", "desk", "figures"],
  sync: ["sync", "desk", "branch"],
  notices: [],
  scan: [],
};

type Listener = (topics: Topic[]) => void;
const listeners = new Set<Listener>();

/** For parts that only one screen shows. */
export function whenChanged(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export async function refreshAll(): Promise<void> {
  await Promise.all(Object.values(refresh).map((read) => read()));
}

/** Listens until the answered function is called. */
export function followChanges(): () => void {
  const stop = onChange(({ topics }) => {
    const due = new Set(topics.flatMap((topic) => follow[topic] ?? []));
    for (const part of due) void refresh[part]();
    for (const listener of listeners) listener(topics);
  });
  // A machine that slept may have missed both changes and seconds.
  const onVisible = () => document.visibilityState === "visible" && void refreshAll();
  document.addEventListener("visibilitychange", onVisible);
  return () => {
    stop();
    document.removeEventListener("visibilitychange", onVisible);
  };
}
