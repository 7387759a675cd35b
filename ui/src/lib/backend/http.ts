//! The HTTP twin: the same verbs for a browser on loopback, changes pushed as server-sent events.
//! The token comes once in the address's fragment, which no server log sees, and is then kept
//! for this tab only.
import { type Backend, type Call, type Change, EVERYTHING } from "./index";

const STORED = "motcua.token";

function takeToken(): string {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const given = fragment.get("token");
  if (given) {
    sessionStorage.setItem(STORED, given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return given ?? sessionStorage.getItem(STORED) ?? "";
}

export function httpBackend(): Backend {
  const token = takeToken();
  let events: EventSource | undefined;

  async function call({ name, args, officer, commandId }: Call): Promise<unknown> {
    let response: Response;
    try {
      response = await fetch(`/rpc/${name}`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(officer ? { "x-officer": officer } : {}),
          "x-command-id": commandId,
          ...(token ? { authorization: `Bearer ${token}` } : {}),
        },
        body: JSON.stringify(args),
      });
    } catch {
      throw { code: "UNREACHABLE", message: "" };
    }
    const body: unknown = await response.json().catch(() => undefined);
    if (response.ok) return body;
    throw body ?? { code: "UNREACHABLE", message: "" };
  }

  return {
    call,
    onChange(listener) {
      events ??= new EventSource(`/events?token=${encodeURIComponent(token)}`);
      const onMessage = (event: MessageEvent<string>) => listener(JSON.parse(event.data) as Change);
      // Asked before the line stood, or before it stood again, the answers may be old by now.
      const onOpen = () => listener(EVERYTHING);
      const source = events;
      source.addEventListener("message", onMessage);
      source.addEventListener("change", onMessage as EventListener);
      source.addEventListener("open", onOpen);
      return () => {
        source.removeEventListener("message", onMessage);
        source.removeEventListener("change", onMessage as EventListener);
        source.removeEventListener("open", onOpen);
      };
    },
    async ratingLink() {
      const response = await fetch("/rating-link", { headers: { authorization: `Bearer ${token}` } });
      const { url } = (await response.json()) as { url: string };
      return url;
    },
    async openKiosk() {
      const response = await fetch("/kiosk-link", { headers: { authorization: `Bearer ${token}` } });
      const { url } = (await response.json()) as { url: string };
      sessionStorage.clear();
      location.replace(url);
    },
    // A browser has no serial port; keyboard-wedge scanners work as everywhere.
    onScan: () => () => undefined,
  };
}
