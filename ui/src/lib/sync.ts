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
  SYNC_CAPTIVE_PORTAL: { title: "sync.line.portal", note: "sync.line.portalNote", tone: "fix" },
  SYNC_BUSY: { title: "sync.line.busy", tone: "off" },
  SYNC_SERVER: { title: "sync.line.server", tone: "off" },
  SYNC_UNAUTHORIZED: { title: "sync.line.unproven", tone: "fix" },
  SYNC_UNKNOWN_DEVICE: { title: "sync.line.revoked", tone: "fix" },
  SYNC_WRONG_BRANCH: { title: "sync.line.foreign", tone: "fix" },
  SYNC_PROTO: { title: "sync.line.version", tone: "fix" },
  SYNC_LOCAL: { title: "sync.line.local", tone: "fix" },
  SYNC_TOO_LARGE: { title: "sync.line.failed", tone: "fix" },
};

/** Provisional codes go out, or soon will: then a person has something to do although the line
    mends itself. */
export function codesShort(seen: Overview): boolean {
  return (seen.codes?.provisional ?? 0) > 0 || seen.codes?.low === true;
}

/** What the head of the screen says. */
export function said(seen: Overview): Said {
  const words = line(seen);
  if (words.note === "sync.line.offlineNote" && codesShort(seen))
    return { ...words, note: "sync.line.offlineCodes" };
  return words;
}

function line(seen: Overview): Said {
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

/** Where joining central, or joining it anew, is what helps; a counter's hub does it for the branch. */
export function joins(seen: Overview): boolean {
  if (seen.way === "nobody") return true;
  return (
    seen.way === "central" &&
    ["SYNC_UNAUTHORIZED", "SYNC_UNKNOWN_DEVICE", "SYNC_WRONG_BRANCH"].includes(seen.code ?? "")
  );
}

/** Beyond this the two clocks are worth a word; nothing is refused for it. */
const SKEW_MS = 120_000;
/** Beyond this the top bar says so: times on papers are wrong to the eye. */
const FAR_MS = 300_000;

type Words = [MessageKey, Record<string, string | number>];

/** A span as people say it: the largest two units. */
export function span(ms: number): Words {
  const minutes = Math.round(Math.abs(ms) / 60_000);
  const [d, h, m] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24, minutes % 60];
  if (d > 0) return h > 0 ? ["span.daysHours", { d, h }] : ["span.days", { d }];
  if (h > 0) return m > 0 ? ["span.hoursMinutes", { h, m }] : ["span.hours", { h }];
  return ["span.minutes", { m }];
}

/** By how much this machine's clock is ahead of the other side's, or behind it, where that is worth
    a word. */
export function skewWords(seen: Overview): { sentence: MessageKey; span: Words } | undefined {
  const skew = seen.skew_ms;
  if (skew === undefined || Math.abs(skew) <= SKEW_MS) return undefined;
  const hub = seen.way === "hub";
  const fast = hub ? "sync.skewFastHub" : "sync.skewFast";
  const slow = hub ? "sync.skewSlowHub" : "sync.skewSlow";
  return { sentence: skew < 0 ? fast : slow, span: span(skew) };
}

type Status = Answer<"sync.status">;

export interface Pill {
  tone: Tone;
  icon: "cloud" | "cloudoff" | "hand";
  title: Words;
  note: Words;
  /** Goes where the sentence of the note has a span. */
  span?: Words;
}

/** What the top bar says of the line. What is away and what waits is never hidden by what is held
    back, nor the other way round. */
export function pill(seen: Status): Pill {
  const { unsent, quarantined: held } = seen;
  const reached = seen.hub ? seen.hub.here : seen.enrolled && !seen.last_error;
  const waits: Words = ["sync.waiting", { n: unsent }];
  if (!seen.hub && seen.leads)
    return held > 0
      ? { tone: "fix", icon: "hand", title: ["sync.fix", { n: held }], note: ["sync.fixNote", {}] }
      : {
          tone: "ok",
          icon: "cloud",
          title: ["sync.leads", {}],
          note: ["sync.leadsNote", { n: seen.leads.number }],
        };
  if (!reached) {
    const apart: Words = seen.hub ? ["sync.alone", {}] : [seen.enrolled ? "sync.offline" : "sync.local", {}];
    if (held > 0)
      return { tone: "fix", icon: "cloudoff", title: apart, note: ["sync.waitsHeld", { n: unsent, held }] };
    const note: Words = seen.hub
      ? unsent > 0
        ? waits
        : ["sync.aloneNote", { n: seen.hub.number }]
      : seen.enrolled
        ? unsent > 0
          ? waits
          : ["sync.received", {}]
        : ["sync.kept", { n: unsent }];
    return { tone: "off", icon: "cloudoff", title: apart, note };
  }
  if (held > 0)
    return {
      tone: "fix",
      icon: "hand",
      title: ["sync.fix", { n: held }],
      note: unsent > 0 ? ["sync.fixSending", { n: unsent }] : ["sync.fixNote", {}],
    };
  const done: Words = [seen.hub ? "sync.togetherNote" : "sync.received", {}];
  const note = unsent > 0 ? waits : done;
  if (Math.abs(seen.skew_ms ?? 0) > FAR_MS)
    return { tone: "fix", icon: "hand", title: ["sync.clockOff", {}], note, span: span(seen.skew_ms ?? 0) };
  return {
    tone: unsent === 0 ? "ok" : "off",
    icon: "cloud",
    title: [seen.hub ? "sync.together" : unsent === 0 ? "sync.allSent" : "sync.sending", {}],
    note,
  };
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
