//! A rating screen's door: it asks whom to ask, and gives ratings. In a browser with a token of its
//! own, on a second screen or a tablet; Rust decides what that opens.
import { listenTo, type Following } from "./board";
import { ApiError, type Verbs, apiError, newCommandId } from "./index";

export type RatingVerb = "rating.prompt" | "rating.give";

export interface RatingLink {
  counter: number;
  /** `commandId` is that of an earlier try whose answer never came. */
  ask<N extends RatingVerb>(name: N, args: Verbs[N]["args"], commandId?: string): Promise<Verbs[N]["answer"]>;
  follow(following: Following): () => void;
}

const PATIENCE_MS = 10_000;
const STORED = "motcua.rating";

/** Kept over a restart: a second screen has only its bookmark. */
function kept(): { token: string; counter: number } {
  const given = new URLSearchParams(location.hash.slice(1));
  const token = given.get("token");
  if (token) {
    const fresh = { token, counter: Number(given.get("counter") ?? "1") };
    localStorage.setItem(STORED, JSON.stringify(fresh));
    history.replaceState(null, "", location.pathname + location.search);
    return fresh;
  }
  try {
    return JSON.parse(localStorage.getItem(STORED) ?? "") as { token: string; counter: number };
  } catch {
    return { token: "", counter: 1 };
  }
}

export function ratingLink(): RatingLink {
  const { token, counter } = kept();
  return {
    counter,
    async ask<N extends RatingVerb>(name: N, args: Verbs[N]["args"], commandId = newCommandId()) {
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
      // The link was taken back, or never was one.
      if (response.status === 401) throw new ApiError({ code: "NOT_ALLOWED", message: "" });
      const body: unknown = await response.json().catch(() => undefined);
      if (!response.ok) throw apiError(body ?? response.status);
      return body as Verbs[N]["answer"];
    },
    follow: (following) => listenTo(`/events?token=${encodeURIComponent(token)}`, following),
  };
}
