//! The line in words: which sentence stands for which state.
import type { Answer } from "$lib/backend";
import type { MessageKey } from "$lib/i18n.svelte";

export type Overview = Answer<"sync.overview">;

/** `ok`: everything that is known says that it works. `fix`: a person has to do something. */
export type Tone = "ok" | "off" | "fix";

export interface Said {
  title: MessageKey;
  /** Absent where the back end has a sentence of its own. */
  note?: MessageKey;
  tone: Tone;
}

const faults: Record<string, Said> = {
  SYNC_OFFLINE: { title: "sync.line.offline", note: "sync.line.offlineNote", tone: "off" },
  SYNC_TIMEOUT: { title: "sync.line.slow", tone: "off" },
  SYNC_CAPTIVE_PORTAL: { title: "sync.line.portal", tone: "fix" },
  SYNC_BUSY: { title: "sync.line.busy", tone: "off" },
  SYNC_SERVER: { title: "sync.line.server", tone: "off" },
  SYNC_UNAUTHORIZED: { title: "sync.line.unproven", tone: "fix" },
  SYNC_UNKNOWN_DEVICE: { title: "sync.line.revoked", tone: "fix" },
  SYNC_WRONG_BRANCH: { title: "sync.line.foreign", tone: "fix" },
  SYNC_PROTO: { title: "sync.line.version", tone: "fix" },
  SYNC_LOCAL: { title: "sync.line.local", tone: "fix" },
  SYNC_TOO_LARGE: { title: "sync.line.failed", tone: "fix" },
};

/** What the head of the screen says. */
export function said(seen: Overview): Said {
  if (seen.way === "nobody" && seen.unsent === 0 && seen.last_done_at)
    return { title: "sync.line.onFoot", note: "sync.line.onFootNote", tone: "ok" };
  if (seen.way === "nobody") return { title: "sync.line.never", note: "sync.line.neverNote", tone: "off" };
  if (seen.way === "hub") {
    if (seen.hub?.here === false)
      return { title: "sync.line.alone", note: "sync.line.aloneNote", tone: "off" };
    const all = seen.unsent === 0;
    return {
      title: all ? "sync.line.hubHas" : "sync.line.hubSending",
      note: "sync.line.hubNote",
      tone: all ? "ok" : "off",
    };
  }
  if (seen.code) return faults[seen.code] ?? { title: "sync.line.failed", tone: "off" };
  if (seen.unsent > 0) return { title: "sync.line.sending", note: "sync.line.sendingNote", tone: "off" };
  if (!seen.last_done_at) return { title: "sync.line.first", note: "sync.line.firstNote", tone: "off" };
  return { title: "sync.line.all", note: "sync.line.allNote", tone: "ok" };
}

/** Somebody answers there, and does not let this machine in. */
export function refused(seen: Overview): boolean {
  return ["SYNC_UNAUTHORIZED", "SYNC_UNKNOWN_DEVICE", "SYNC_WRONG_BRANCH", "SYNC_PROTO"].includes(
    seen.code ?? "",
  );
}

/** Beyond this the two clocks are worth a word; nothing is refused for it. */
const SKEW_MS = 120_000;

/** Minutes by which this machine's clock is ahead of the other side's (negative: behind), where that
    is worth a word. */
export function skewMinutes(seen: Overview): number | undefined {
  const skew = seen.skew_ms;
  if (skew === undefined || Math.abs(skew) <= SKEW_MS) return undefined;
  return Math.round(-skew / 60_000);
}

/** The last part of a field's path has a name in plain words, if it is one that people know. */
const fields: Record<string, MessageKey> = {
  name: "sync.field.name",
  phone: "sync.field.phone",
  id_number: "sync.field.idNumber",
  tax_code: "sync.field.taxCode",
  birth_date: "sync.field.birthDate",
  address: "sync.field.address",
  amount: "sync.field.amount",
  code: "sync.field.code",
  service: "sync.field.service",
  counter: "sync.field.counter",
};

export function fieldName(path: string): MessageKey | undefined {
  return fields[path.split(".").at(-1) ?? ""];
}
