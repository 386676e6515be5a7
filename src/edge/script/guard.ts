/** Calls of the app that the gateway refused. */
import { passes } from "./contract.js";

type Fetch = typeof window.fetch;

/** The reason in the gateway's challenge; `null` for every other answer, also one from elsewhere that looks like it. */
export function refusal(response: Response): string | null {
  if (response.status !== 401 || (response.type !== "basic" && response.type !== "default")) return null;
  const challenge = /(?:^|,\s*)Hourgate\s+reason="([a-z_]*)"/i.exec(response.headers.get("WWW-Authenticate") ?? "");
  return challenge?.[1] ?? null;
}

/** A `fetch` that gives every answer to its caller, and tells of refusals. */
export function watching(fetch: Fetch, refused: (reason: string) => void): Fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    const reason = refusal(response);
    if (reason !== null) refused(reason);
    return response;
  };
}

/**
 * A `fetch` that asks again what was refused, once the same person has signed in again. Only GET and HEAD: nothing is done
 * twice, and nothing is done that the person may no longer want.
 */
export function patient(watched: Fetch, back: (signal: AbortSignal) => Promise<boolean>): Fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    if (request.method !== "GET" && request.method !== "HEAD") return watched(request);
    const response = await watched(request.clone());
    const reason = refusal(response);
    if (reason === null || passes(reason)) return response;
    return (await back(request.signal)) ? watched(request) : response;
  };
}
