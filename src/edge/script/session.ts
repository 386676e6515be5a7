/** The page script: it looks, decides in `machine.ts`, and does what was decided. */
import { keepReport, lastReport, watchActivity } from "./activity.js";
import { call, type Answer } from "./calls.js";
import { openChannel, type Channel } from "./channel.js";
import { address, isRecord, readStanding } from "./contract.js";
import { makeDialog, type Choice, type Dialog } from "./dialog.js";
import { patient, watching } from "./guard.js";
import { nextLook, step } from "./machine.js";
import type { Message } from "./messages.js";
import { begin, type Effect, type Input, type Notice } from "./state.js";
import { textsFor } from "./texts.js";
import { viewOf, type View } from "./view.js";

/** What an app can call. */
export interface Hourgate {
  /** `fetch` that asks a refused GET or HEAD again once the person has signed in again. */
  readonly fetch: typeof window.fetch;
  /** What a dialog would show. */
  readonly view: View;
  /** "Stay signed in". May open a window: call it from a click. */
  stay(): void;
  /** "Not now". */
  later(): void;
  /** Opens the window for signing in (again): call it from a click. */
  signIn(): void;
  signOut(): void;
  /** Asks the gateway now. */
  refresh(): void;
}

declare global {
  interface Window {
    hourgate?: Hourgate;
  }
}

function start(script: HTMLScriptElement | null): void {
  const data = script?.dataset ?? {};
  const home = new URL(".", script?.src ?? new URL("/_hourgate/", location.href)).href;
  const sessionUrl = new URL("session", home).href;
  const lang = data.lang ?? (document.documentElement.lang || "en");
  const dialog = data.ui === "none" || isInside() ? null : makeDialog(lang, textsFor(lang, data), new URL("session.css", home).href, choose);
  const appFetch = window.fetch.bind(window);

  let state = begin(document.visibilityState === "visible", lastReport());
  let timer: ReturnType<typeof setTimeout> | undefined;
  let channel: Channel = openChannel(hear);

  function take(input: Input): void {
    // One instant for all of it: what falls due between two looks at the clock would be forgotten.
    const now = Date.now();
    const { state: next, effects } = step(state, input, now);
    state = next;
    dialog?.render(viewOf(state, now));
    effects.forEach(run);
    clearTimeout(timer);
    timer = setTimeout(take, nextLook(state, now) - Date.now(), { t: "tick" });
  }

  function run(effect: Effect): void {
    switch (effect.t) {
      case "ask":
        void (effect.alone ? ask() : inTurn());
        return;
      case "extend":
        void extend(effect.url);
        return;
      case "report":
        void report(effect.url);
        return;
      case "popup":
        openPopup(effect.url, dialog);
        return;
      case "notice":
        notify(effect.notice, dialog);
    }
  }

  /** One tab asks, and tells the others. Without a secure context there are no locks: then each asks for itself. */
  async function inTurn(): Promise<void> {
    if (!("locks" in navigator)) return ask();
    await navigator.locks.request("hourgate-poll", { ifAvailable: true }, (lock) => {
      if (lock !== null) return ask();
      take({ t: "others-ask" });
      return undefined;
    });
  }

  async function ask(): Promise<void> {
    const at = Date.now();
    const answer = await call("GET", sessionUrl);
    if (!heard(answer, at)) take({ t: "no-answer", ...unsure(answer) });
  }

  async function extend(url: string): Promise<void> {
    const at = Date.now();
    const answer = await call("POST", url);
    if (answer.status === 409 || answer.status === 403) take({ t: "only-by-popup" });
    else if (!heard(answer, at)) take({ t: "not-extended", ...unsure(answer) });
  }

  async function report(url: string): Promise<void> {
    const at = Date.now();
    keepReport(at);
    const { status } = await call("POST", url);
    if (status === 401) take({ t: "ask" });
    if (status !== 204) return;
    take({ t: "reported", at });
    tell({ v: 1, t: "activity", at });
  }

  /** Takes an answer that says something certain, and tells the other tabs. */
  function heard({ status, body }: Answer, at: number): boolean {
    const standing = status === 200 || status === 401 ? readStanding(body, home) : null;
    if (standing === null) return false;
    const got = Date.now();
    tell({ v: 1, t: "standing", at, got, body });
    take({ t: "answer", standing, askedAt: at, got });
    return true;
  }

  function hear(message: Message): void {
    if (message.t === "standing") {
      const standing = readStanding(message.body, home);
      if (standing !== null) take({ t: "answer", standing, askedAt: message.at, got: message.got });
    } else if (message.t === "activity") take({ t: "reported", at: message.at });
    else if (message.t === "reauthenticated") {
      if (document.visibilityState === "visible") take({ t: "ask" });
    } else take({ t: message.t, at: message.at });
  }

  function tell(message: Message): void {
    channel.tell(message);
  }

  function choose(choice: Choice): void {
    if (choice === "reload") location.reload();
    else if (choice === "sign-out") void signOut();
    else if (choice === "later") {
      const at = Date.now();
      take({ t: "later", at });
      tell({ v: 1, t: "later", at });
    } else take({ t: choice });
  }

  async function signOut(): Promise<void> {
    const url = state.live?.logoutUrl;
    if (url === undefined) return;
    const at = Date.now();
    const { status, body } = await call("POST", url);
    const next = status === 200 && isRecord(body) ? address(body.location, home) : null;
    if (next !== null) tell({ v: 1, t: "signed-out", at });
    // The gateway's own page asks, and says what went wrong.
    location.assign(next ?? url);
  }

  /** Resolves when somebody has signed in again: whether it is the same person. */
  function back(signal: AbortSignal): Promise<boolean> {
    if (state.phase === "stranger") return Promise.resolve(false);
    return new Promise((resolve, reject) => {
      const onBack = (event: Event): void => {
        signal.removeEventListener("abort", onAbort);
        resolve(event instanceof CustomEvent && isRecord(event.detail) && event.detail.same_user === true);
      };
      const onAbort = (): void => {
        document.removeEventListener("hourgate:reauthenticated", onBack);
        reject(new DOMException("Aborted while waiting for the person to sign in again", "AbortError"));
      };
      document.addEventListener("hourgate:reauthenticated", onBack, { once: true });
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  const watched = watching(appFetch, (reason) => {
    take({ t: "refused", reason });
  });
  if (data.guard !== undefined) window.fetch = watched;
  window.hourgate = Object.freeze({
    fetch: patient(watched, back),
    get view(): View {
      return viewOf(state, Date.now());
    },
    stay: () => {
      choose("stay");
    },
    later: () => {
      choose("later");
    },
    signIn: () => {
      choose("sign-in");
    },
    signOut: () => {
      choose("sign-out");
    },
    refresh: () => {
      take({ t: "ask" });
    },
  });

  const woke = (): void => {
    if (document.visibilityState === "visible") take({ t: "woke" });
    else take({ t: "hidden" });
  };
  document.addEventListener("visibilitychange", woke);
  document.addEventListener("resume", woke);
  addEventListener("focus", woke);
  addEventListener("online", woke);
  // Closed, or the browser would not keep the page for the way back.
  addEventListener("pagehide", (event) => {
    if (event.persisted) take({ t: "frozen" });
    channel.close();
  });
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    channel = openChannel(hear);
    take({ t: "thawed" });
  });
  watchActivity(() => {
    take({ t: "touched" });
  });
  take({ t: "tick" });
}

function unsure({ retryAfterSecs }: Answer): { retryAfterSecs: number | null; dice: number } {
  return { retryAfterSecs, dice: Math.random() };
}

function openPopup(url: string, dialog: Dialog | null): void {
  if (window.open(url, "hourgate", "popup,width=480,height=640") === null) dialog?.offerLink(url);
}

function notify({ name, detail }: Notice, dialog: Dialog | null): void {
  const event = new CustomEvent(`hourgate:${name}`, { detail, cancelable: true });
  const prevented = !document.dispatchEvent(event);
  // Without a dialog nobody stands between one person's page and the next person, unless the app says that it does.
  const stranger = name === "reauthenticated" && !detail.same_user;
  if (stranger && dialog === null && !prevented) location.reload();
}

/** In a frame of a page that has the script itself: that one has the dialog. */
function isInside(): boolean {
  try {
    return window.parent !== window && window.parent.hourgate !== undefined;
  } catch {
    return false;
  }
}

if (window.hourgate === undefined) {
  const script = document.currentScript instanceof HTMLScriptElement ? document.currentScript : null;
  const ready = (): void => {
    start(script);
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else ready();
}
