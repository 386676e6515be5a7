/** Calls to the gateway. None follows a redirect: the gateway sends none to scripts, so it would be somebody else's. */
import { readRetryAfter } from "./contract.js";

/** What came of a call. */
export interface Answer {
  readonly status: number;
  readonly retryAfterSecs: number | null;
  /** The JSON; `null` if there was none. */
  readonly body: unknown;
}

/** No answer at all: the network, or too slow. */
export const NOTHING: Answer = { status: 0, retryAfterSecs: null, body: null };

const TOO_SLOW_MS = 8000;
// The app may replace it, and the guard does.
const pristine = window.fetch.bind(window);

export async function call(method: "GET" | "POST", url: string): Promise<Answer> {
  const patience = new AbortController();
  const timer = setTimeout(() => {
    patience.abort();
  }, TOO_SLOW_MS);
  try {
    const response = await pristine(url, {
      method,
      headers: { "X-CSRF": "1", Accept: "application/json" },
      cache: "no-store",
      credentials: "same-origin",
      redirect: "error",
      signal: patience.signal,
    });
    const body: unknown = await response.json().catch(() => null);
    return { status: response.status, retryAfterSecs: readRetryAfter(response.headers.get("Retry-After")), body };
  } catch {
    return NOTHING;
  } finally {
    clearTimeout(timer);
  }
}
