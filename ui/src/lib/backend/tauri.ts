//! In-process: one typed command and three events of the Tauri shell.
import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import { type Backend, type Change, EVERYTHING, type Saved, type ScanEvent } from "./index";

function subscribe<T>(event: string, listener: (payload: T) => void, stands?: () => void): () => void {
  const stop = listen<T>(event, ({ payload }) => listener(payload));
  if (stands) void stop.then(stands);
  return () => void stop.then((unlisten) => unlisten());
}

export function tauriBackend(): Backend {
  return {
    call: ({ name, args, officer, commandId }) => invoke("rpc", { name, args, officer, commandId }),
    openBoard: () => invoke("board_open"),
    onChange: (listener) => subscribe<Change>("change", listener, () => listener(EVERYTHING)),
    onScan: (listener) => subscribe<ScanEvent>("scan", listener),
    onSaved: (listener) => listen<Saved>("saved", ({ payload }) => listener(payload)),
  };
}
