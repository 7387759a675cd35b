//! The board's door: it can look, listen for changes and fetch clips, and nothing else. In the
//! window through a command of its own, in a browser with the board's token.
import type { Board } from "$lib/gen/Board";
import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";

export interface Following {
  /** Something changed, or the line stands again: look anew. */
  onChange(): void;
  /** The line is cut. It is taken up again by itself. */
  onLost(): void;
}

export interface BoardLink {
  get(): Promise<Board>;
  clip(name: string): Promise<ArrayBuffer>;
  follow(following: Following): () => void;
}

/** The server speaks every 2 s; a line silent for longer than this is cut. */
const SILENCE_MS = 5_000;
/** Between two attempts to take the line up again. */
const AGAIN_MS = 1_000;
const STORED = "motcua.board";

export function boardLink(): BoardLink {
  return "__TAURI_INTERNALS__" in window ? windowLink() : httpLink();
}

function windowLink(): BoardLink {
  return {
    get: () => invoke<Board>("board_rpc"),
    clip: (name) => invoke<ArrayBuffer>("board_clip", { name }),
    follow({ onChange }) {
      const stop = listen("change", onChange, { target: "board" });
      void stop.then(onChange);
      return () => void stop.then((unlisten) => unlisten());
    },
  };
}

/** A television keeps its token: after a power cut it has only the bookmark. It opens no more
 *  than anybody in the hall can read. */
function takeToken(): string {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    localStorage.setItem(STORED, given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return given ?? localStorage.getItem(STORED) ?? "";
}

function httpLink(): BoardLink {
  const token = takeToken();
  const headers = { authorization: `Bearer ${token}` };
  const ask = async (path: string, init: RequestInit) => {
    const response = await fetch(path, { ...init, headers, signal: AbortSignal.timeout(SILENCE_MS) });
    if (!response.ok) throw new Error(`${response.status}`);
    return response;
  };
  return {
    get: async () => (await (await ask("/rpc/board.get", { method: "POST", body: "{}" })).json()) as Board,
    clip: async (name) => (await ask(`/sounds/${encodeURIComponent(name)}`, {})).arrayBuffer(),
    follow: (following) => listenTo(`/events?token=${encodeURIComponent(token)}`, following),
  };
}

/** Server-sent events, watched: a cable that is pulled says nothing, and a browser gives up for
 *  good when a server that is starting answers with an error. */
export function listenTo(url: string, { onChange, onLost }: Following): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function open(): void {
    source = new EventSource(url);
    for (const event of ["hello", "message", "resync"]) {
      source.addEventListener(event, () => {
        heard();
        onChange();
      });
    }
    source.addEventListener("beat", heard);
    source.addEventListener("error", lost);
    heard();
  }
  function heard(): void {
    clearTimeout(timer);
    timer = setTimeout(lost, SILENCE_MS);
  }
  function lost(): void {
    source?.close();
    clearTimeout(timer);
    onLost();
    timer = setTimeout(open, AGAIN_MS);
  }

  open();
  return () => {
    source?.close();
    clearTimeout(timer);
  };
}
