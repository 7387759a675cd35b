//! The terminal's door: a number, its ticket, and nothing about anybody else. In the window
//! through a command of its own, in a browser with the terminal's token; Rust decides what it
//! opens.
import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import { type Following, listenTo } from "./board";
import { type ScanEvent, type Verbs, apiError, newCommandId } from "./index";

export type KioskVerb = Extract<keyof Verbs, `kiosk.${string}`>;

export interface KioskLink {
  ask<N extends KioskVerb>(name: N, args: Verbs[N]["args"], commandId?: string): Promise<Verbs[N]["answer"]>;
  follow(following: Following): () => void;
  onScan(listener: (event: ScanEvent) => void): () => void;
}

/** A terminal before which somebody stands does not wait longer. */
const PATIENCE_MS = 10_000;
const STORED = "motcua.kiosk";

export function kioskLink(): KioskLink {
  return "__TAURI_INTERNALS__" in window ? windowLink() : httpLink();
}

function windowLink(): KioskLink {
  return {
    async ask(name, args, commandId = newCommandId()) {
      try {
        return await invoke("kiosk_rpc", { name, args, commandId });
      } catch (cause) {
        throw apiError(cause);
      }
    },
    follow({ onChange }) {
      const stop = listen("change", onChange, { target: "kiosk" });
      void stop.then(onChange);
      return () => void stop.then((unlisten) => unlisten());
    },
    onScan(listener) {
      const stop = listen<ScanEvent>("scan", ({ payload }) => listener(payload), { target: "kiosk" });
      return () => void stop.then((unlisten) => unlisten());
    },
  };
}

/** Kept over a restart, as the mode itself is: after a power cut the terminal is a terminal. */
function takeToken(): string {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    localStorage.setItem(STORED, given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return given ?? localStorage.getItem(STORED) ?? "";
}

function httpLink(): KioskLink {
  const token = takeToken();
  return {
    async ask<N extends KioskVerb>(name: N, args: Verbs[N]["args"], commandId = newCommandId()) {
      let response: Response;
      try {
        response = await fetch(`/rpc/${name}`, {
          method: "POST",
          headers: {
            "content-type": "application/json",
            "x-command-id": commandId,
            authorization: `Bearer ${token}`,
          },
          body: JSON.stringify(args),
          signal: AbortSignal.timeout(PATIENCE_MS),
        });
      } catch (cause) {
        throw apiError(cause);
      }
      const body: unknown = await response.json().catch(() => undefined);
      if (!response.ok) throw apiError(body ?? response.status);
      return body as Verbs[N]["answer"];
    },
    follow: (following) => listenTo(`/events?token=${encodeURIComponent(token)}`, following),
    // A browser has no serial port; keyboard-wedge scanners work as everywhere.
    onScan: () => () => undefined,
  };
}
