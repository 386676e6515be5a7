/** What the person reads. English and German are here; every text can be replaced by an attribute of the script's tag. */

const en = {
  inactivityTitle: "Are you still there?",
  inactivityMessage: "Nothing has been done here for a while. For your security you will be signed out in {time}.",
  inactivityHint: "",
  endTitle: "Your session is coming to its end",
  endMessage: "You will be signed out in {time}.",
  endHint: "To stay signed in, confirm who you are in a small window. This page stays as it is.",
  proofTitle: "Your sign-in needs to be renewed",
  proofMessage: "It counts for another {time}.",
  proofHint: "To stay signed in, renew it in a small window. This page stays as it is.",
  stay: "Stay signed in",
  later: "Not now",
  signOut: "Sign out",
  retrying: "That did not work yet. Trying again …",
  refused: "This session cannot be extended any more. You can sign in again in a small window.",
  blocked: "Your browser did not open the window: open it in a new tab",
  checkingTitle: "One moment",
  checkingMessage: "It is being checked whether you are still signed in.",
  overTitle: "You have been signed out",
  overMessage: "Your work on this page is still here.",
  signIn: "Sign in again",
  strangerTitle: "Somebody else is signed in now",
  strangerMessage: "This page belongs to the person who was signed in before. It has to be loaded again.",
  reload: "Load the page again",
  reasonSignedOut: "You signed out.",
  // The title says it.
  reasonRenewalDue: "",
};

/** The texts of one language. */
export type Texts = Readonly<Record<keyof typeof en, string>> & Readonly<Partial<Record<string, string>>>;

const de: Texts = {
  inactivityTitle: "Sind Sie noch da?",
  inactivityMessage: "Hier ist eine Weile nichts geschehen. Zu Ihrer Sicherheit werden Sie in {time} abgemeldet.",
  inactivityHint: "",
  endTitle: "Ihre Sitzung geht zu Ende",
  endMessage: "Sie werden in {time} abgemeldet.",
  endHint: "Um angemeldet zu bleiben, bestätigen Sie in einem kleinen Fenster, wer Sie sind. Diese Seite bleibt, wie sie ist.",
  proofTitle: "Ihre Anmeldung muss erneuert werden",
  proofMessage: "Sie gilt noch {time}.",
  proofHint: "Um angemeldet zu bleiben, erneuern Sie sie in einem kleinen Fenster. Diese Seite bleibt, wie sie ist.",
  stay: "Angemeldet bleiben",
  later: "Jetzt nicht",
  signOut: "Abmelden",
  retrying: "Das ging noch nicht. Es wird weiter versucht …",
  refused: "Diese Sitzung kann nicht mehr verlängert werden. Sie können sich in einem kleinen Fenster neu anmelden.",
  blocked: "Ihr Browser hat das Fenster nicht geöffnet: in einem neuen Tab öffnen",
  checkingTitle: "Einen Augenblick",
  checkingMessage: "Es wird geprüft, ob Sie noch angemeldet sind.",
  overTitle: "Sie sind abgemeldet",
  overMessage: "Ihre Arbeit auf dieser Seite ist noch da.",
  signIn: "Wieder anmelden",
  strangerTitle: "Jetzt ist jemand anderes angemeldet",
  strangerMessage: "Diese Seite gehört der Person, die vorher angemeldet war. Sie muss neu geladen werden.",
  reload: "Seite neu laden",
  reasonSignedOut: "Sie haben sich abgemeldet.",
  reasonRenewalDue: "",
  reasonInactive: "Sie waren zu lange nicht an Ihrem Gerät.",
  reasonMaxLength: "Die Sitzung hat ihre längste Dauer erreicht.",
  reasonLifetime: "Die Sitzung hat ihr Ende erreicht.",
  reasonRevoked: "Ihre Sitzung wurde von der Verwaltung beendet.",
  reasonIdpRefused: "Der Anmeldedienst Ihrer Organisation lässt diese Sitzung nicht mehr zu.",
  reasonInteractionRequired: "Der Anmeldedienst Ihrer Organisation möchte Sie wieder sehen.",
};

/** The texts in a language, with those replaced that `data-text-…` attributes give (`textStay` in a dataset is `stay`). */
export function textsFor(lang: string, dataset: Readonly<Partial<Record<string, string>>>): Texts {
  const shipped: Texts = lang.split("-")[0]?.toLowerCase() === "de" ? de : en;
  const replaced: Record<string, string> = {};
  for (const [name, text] of Object.entries(dataset)) {
    const key = /^text([A-Z])(.*)$/.exec(name);
    if (key !== null && text !== undefined) replaced[(key[1] ?? "").toLowerCase() + (key[2] ?? "")] = text;
  }
  return { ...shipped, ...replaced };
}

/** Why the session is over: the text for the reason's code, else the gateway's own sentence, which is English. */
export function whyOver(texts: Texts, lang: string, reason: string, sentence: string): string {
  const key = "reason" + reason.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return texts[key] ?? (lang.toLowerCase().startsWith("en") ? sentence : "");
}
