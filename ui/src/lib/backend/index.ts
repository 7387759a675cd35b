//! The one door to the back end. The window talks to Rust in-process; a browser talks to the
//! same verbs over HTTP. Nothing else imports either.
import type { ApiError as WireError } from "$lib/gen/ApiError";
import type { Code } from "$lib/gen/Code";
import type { VerbName, Verbs } from "$lib/gen/verbs";
import { httpBackend } from "./http";
import { tauriBackend } from "./tauri";

export type { VerbName, Verbs };
export type Args<N extends VerbName> = Verbs[N]["args"];
export type Answer<N extends VerbName> = Verbs[N]["answer"];

/** What changed, as told by the back end. */
export type Topic =
  "queue" | "cases" | "catalogue" | "branch" | "print" | "day" | "sync" | "notices" | "scan";
export interface Change {
  revision: number;
  topics: Topic[];
}
/** A file handed to the window: where it is now, or nowhere when it could not be written. */
export interface Saved {
  url: string;
  path: string | null;
}
export type ScanEvent = { type: "scan"; text: string } | { type: "damaged" };

/** A refusal or fault: match on `code`, show `message`, `field` names the input at fault. */
export class ApiError extends Error {
  readonly code: Code | "UNREACHABLE";
  readonly field: string | undefined;
  constructor(wire: { code: Code | "UNREACHABLE"; message: string; field?: string | undefined }) {
    super(wire.message);
    this.name = "ApiError";
    this.code = wire.code;
    this.field = wire.field;
  }
}

export interface Call {
  name: VerbName;
  args: unknown;
  officer: string;
  commandId: string;
}

/** After a line that stood late or was broken everything may have changed. */
export const EVERYTHING: Change = {
  revision: 0,
  topics: ["queue", "cases", "catalogue", "branch", "print", "day", "sync", "notices", "scan"],
};

export interface Backend {
  call(call: Call): Promise<unknown>;
  /** Hears every change from now on; what changed before the line stood is told as everything. */
  onChange(listener: (change: Change) => void): () => void;
  onScan(listener: (event: ScanEvent) => void): () => void;
  /** Only the window can open another; a browser has the board's address. */
  openBoard?(): Promise<void>;
  /** Goes to the terminal's page and leaves the officer's token behind; the window does it by itself. */
  openKiosk?(): Promise<void>;
  /** Where rating screens of this machine are, up to the counter's number. */
  ratingLink?(): Promise<string>;
  /** Only the window says where files went; a browser shows its own downloads. */
  onSaved?(listener: (saved: Saved) => void): Promise<() => void>;
}

function isWireError(value: unknown): value is WireError {
  return typeof value === "object" && value !== null && "code" in value && "message" in value;
}

/** Whatever came back instead of an answer, as the one error the screens know. */
export function apiError(cause: unknown): ApiError {
  if (cause instanceof ApiError) return cause;
  if (isWireError(cause)) return new ApiError(cause);
  return new ApiError({ code: "UNREACHABLE", message: String(cause) });
}

/** A small file on a local disk takes far less. */
const SAVE_MS = 20_000;

let backend: Backend | undefined;
function door(): Backend {
  backend ??= "__TAURI_INTERNALS__" in window ? tauriBackend() : httpBackend();
  return backend;
}

/** Replaces the back end, in component tests. */
export function useBackend(other: Backend): void {
  backend = other;
}

let officer = "";
/** Who acts from now on. Rust decides what they may. */
export function actAs(id: string): void {
  officer = id;
}

/** Identity of one intention; the same id sent again is the same command. */
/** A random UUID. Not `crypto.randomUUID`: a page that came over plain HTTP from another machine, as
 *  on a tablet, does not have it. */
export function newCommandId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const marked = bytes.map((byte, i) =>
    i === 6 ? (byte & 0x0f) | 0x40 : i === 8 ? (byte & 0x3f) | 0x80 : byte,
  );
  const hex = Array.from(marked, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** Asks or commands. `commandId` is made before any waiting, so that a retry repeats nothing. */
export async function rpc<N extends VerbName>(
  name: N,
  args: Args<N>,
  commandId: string = newCommandId(),
): Promise<Answer<N>> {
  try {
    return (await door().call({ name, args, officer, commandId })) as Answer<N>;
  } catch (cause) {
    throw apiError(cause);
  }
}

export function onChange(listener: (change: Change) => void): () => void {
  return door().onChange(listener);
}

export function onScan(listener: (event: ScanEvent) => void): () => void {
  return door().onScan(listener);
}

/** Asked before a file is offered at `url`, answers afterwards where it went; nothing where the browser
    keeps that to itself. Whoever listens stands first: a small file is there at once. */
export async function whereSaved(url: string): Promise<(() => Promise<string | null>) | undefined> {
  const { onSaved } = door();
  if (!onSaved) return undefined;
  let tell: (path: string | null) => void = () => undefined;
  const told = new Promise<string | null>((resolve) => (tell = resolve));
  const stop = await onSaved((saved) => {
    if (saved.url === url) tell(saved.path);
  });
  return () => {
    const timer = setTimeout(() => tell(null), SAVE_MS);
    return told.finally(() => {
      clearTimeout(timer);
      stop();
    });
  };
}

/** Opens the board in the hall; false where only its address can. */
export async function openBoard(): Promise<boolean> {
  const { openBoard: open } = door();
  if (!open) return false;
  try {
    await open();
  } catch (cause) {
    throw apiError(cause);
  }
  return true;
}

/** This screen has become a self-service terminal: it shows it. */
export async function openKiosk(): Promise<void> {
  try {
    await door().openKiosk?.();
  } catch (cause) {
    throw apiError(cause);
  }
}

/** Where rating screens of this machine are, up to the counter's number; none where only a browser
 *  of this machine knows. */
export async function ratingLink(): Promise<string | undefined> {
  try {
    return await door().ratingLink?.();
  } catch (cause) {
    throw apiError(cause);
  }
}

/** Commands that went out and were never answered: tried again, they keep their id. */
const unanswered = new Map<string, string>();

let doubted = (): void => undefined;

/** Hears when a command was refused because nobody has said which day it is. */
export function whenDoubted(listener: () => void): () => void {
  doubted = listener;
  return () => (doubted = () => undefined);
}

/** Sends a command so that trying again after a broken line repeats nothing. */
export function command<N extends VerbName>(name: N, args: Args<N>): Promise<Answer<N>> {
  const signature = `${name} ${JSON.stringify(args)}`;
  const id = unanswered.get(signature) ?? newCommandId();
  unanswered.delete(signature);
  return rpc(name, args, id).catch((cause: unknown) => {
    const error = apiError(cause);
    if (error.code === "UNREACHABLE") unanswered.set(signature, id);
    if (error.code === "CLOCK_JUMPED") doubted();
    throw error;
  });
}
