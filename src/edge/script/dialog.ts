/** The dialog: in a shadow root of its own, so that the page's styles and its own do not meet. */
import { shown, spoken } from "./duration.js";
import { whyOver, type Texts } from "./texts.js";
import type { View } from "./view.js";

/** What the person can answer. */
export type Choice = "stay" | "later" | "sign-out" | "sign-in" | "reload";

export interface Dialog {
  render(view: View): void;
  /** The browser opened no window: a link does what the button could not. */
  offerLink(url: string): void;
}

export function makeDialog(lang: string, texts: Texts, css: string, chosen: (choice: Choice) => void): Dialog {
  const host = make("div", "hourgate-session");
  host.lang = lang;
  const root = host.attachShadow({ mode: "open" });
  const style = make("link", "hourgate-style");
  style.rel = "stylesheet";
  style.href = css;
  const dialog = make("dialog", "hourgate-dialog");
  const title = make("h2", "hourgate-title");
  const message = make("p", "hourgate-message");
  const voice = make("p", "hourgate-spoken");
  const hint = make("p", "hourgate-hint");
  const trouble = make("p", "hourgate-trouble");
  const link = make("a", "hourgate-link");
  const actions = make("div", "hourgate-actions");
  const [before, time, after] = [new Text(), make("strong", "hourgate-time"), new Text()];
  dialog.setAttribute("role", "alertdialog");
  dialog.setAttribute("aria-labelledby", title.id);
  dialog.setAttribute("aria-describedby", `${voice.id} ${hint.id}`);
  message.setAttribute("aria-hidden", "true");
  voice.setAttribute("aria-live", "assertive");
  trouble.setAttribute("role", "status");
  link.target = "_blank";
  // So that the tab can close itself again.
  link.rel = "opener";
  link.textContent = texts.blocked;
  message.append(before, time, after);
  const buttons = new Map<Choice, HTMLButtonElement>();
  for (const choice of ["stay", "sign-in", "reload", "later", "sign-out"] as const) {
    const button = make("button", `hourgate-${choice}`);
    button.type = "button";
    button.addEventListener("click", () => {
      chosen(choice);
    });
    buttons.set(choice, button);
    actions.append(button);
  }
  dialog.append(title, message, voice, hint, trouble, link, actions);
  root.append(style, dialog);

  let view: View = { state: "none" };
  let face = "";
  const escape = (): void => {
    if (view.state === "warning") chosen(view.popup ? "later" : "stay");
  };
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    escape();
  });
  // A browser closes it at the second Esc in a row whatever the page says.
  dialog.addEventListener("close", () => {
    if (view.state === "none" || dialog.open) return;
    escape();
    open();
  });

  function open(): void {
    // An app may have replaced its whole body.
    if (!host.isConnected) {
      dialog.removeAttribute("open");
      document.body.append(host);
    }
    // Another state is another dialog: closed and opened, it is read out from the beginning.
    if (dialog.open && dialog.dataset.state !== view.state) dialog.close();
    dialog.dataset.state = view.state;
    if (view.state !== "none" && !dialog.open) dialog.showModal();
  }

  function sentence(text: string, secs?: number): void {
    const [left = "", right = ""] = text.split("{time}");
    const timed = secs !== undefined && text.includes("{time}");
    say(before, left);
    say(time, timed ? shown(lang, secs) : "");
    say(after, right);
    say(voice, timed ? left + spoken(lang, secs) + right : text);
  }

  function write(next: View): readonly Choice[] {
    say(trouble, next.state === "warning" && next.trouble !== null ? texts[next.trouble] : "");
    switch (next.state) {
      case "none":
        return [];
      case "checking":
        say(title, texts.checkingTitle);
        say(hint, "");
        sentence(texts.checkingMessage);
        return [];
      case "warning":
        say(title, texts[`${next.kind}Title`]);
        say(hint, next.popup && next.kind === "inactivity" ? texts.endHint : next.popup ? texts[`${next.kind}Hint`] : "");
        sentence(texts[`${next.kind}Message`], next.secs);
        return next.popup ? ["stay", "later", "sign-out"] : ["stay", "sign-out"];
      case "over":
        say(title, next.reason === "renewal_due" ? texts.proofTitle : texts.overTitle);
        say(hint, whyOver(texts, lang, next.reason, next.sentence));
        sentence(texts.overMessage);
        return ["sign-in"];
      case "stranger":
        say(title, texts.strangerTitle);
        say(hint, "");
        sentence(texts.strangerMessage);
        return ["reload"];
    }
  }

  const labels = { stay: texts.stay, later: texts.later, reload: texts.reload } as const;
  for (const [choice, button] of buttons) {
    button.textContent = choice === "sign-in" ? texts.signIn : choice === "sign-out" ? texts.signOut : labels[choice];
  }

  return {
    render(next): void {
      view = next;
      const offered = write(next);
      const nextFace = `${next.state} ${offered.join()}`;
      if (nextFace !== face) {
        link.hidden = true;
        for (const [choice, button] of buttons) button.hidden = !offered.includes(choice);
      }
      if (next.state === "warning") dialog.dataset.kind = next.kind;
      open();
      // After it is open: what is not shown cannot have the focus.
      if (nextFace !== face && offered[0] !== undefined) buttons.get(offered[0])?.focus();
      face = nextFace;
    },
    offerLink(url): void {
      link.href = url;
      link.hidden = false;
      link.focus();
    },
  };
}

function make<Name extends keyof HTMLElementTagNameMap>(name: Name, id: string): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  element.id = id;
  return element;
}

/** Writes only what is new: a live region speaks whatever is written to it. */
function say(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}
