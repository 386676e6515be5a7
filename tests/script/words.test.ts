import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { shown, spoken } from "../../src/edge/script/duration.js";
import { patience, planOf, afterReport } from "../../src/edge/script/deadlines.js";
import { readStanding } from "../../src/edge/script/contract.js";
import { textsFor, whyOver } from "../../src/edge/script/texts.js";
import { BASE, live, START } from "./page.js";

void test("eyes_see_minutes_and_in_the_last_one_seconds", () => {
  deepEqual(
    [0, 1, 60, 61, 119, 1200, 7200, 7260].map((secs) => shown("en", secs)),
    ["0 seconds", "1 second", "60 seconds", "2 minutes", "2 minutes", "20 minutes", "2 hours", "2 hours 1 minute"],
  );
  deepEqual([shown("de", 1), shown("de", 90)], ["1 Sekunde", "2 Minuten"]);
});

void test("ears_hear_steps_of_twenty_seconds_in_the_last_minute_and_coarser_ones_before", () => {
  const heard = new Set<string>();
  for (let secs = 60; secs >= 0; secs--) heard.add(spoken("en", secs));
  deepEqual([...heard], ["60 seconds", "40 seconds", "20 seconds"]);
  deepEqual([61, 300, 301, 1200].map((secs) => spoken("en", secs)), ["2 minutes", "5 minutes", "10 minutes", "20 minutes"]);
});

void test("texts_come_in_the_language_of_the_page_and_can_be_replaced", () => {
  equal(textsFor("en-GB", {}).stay, "Stay signed in");
  equal(textsFor("de-AT", {}).stay, "Angemeldet bleiben");
  equal(textsFor("fr", {}).stay, "Stay signed in");
  const texts = textsFor("fr", { textStay: "Rester", textReasonInactive: "Absent", lang: "fr", text: "x" });
  deepEqual([texts.stay, whyOver(texts, "fr", "inactive", "You were away.")], ["Rester", "Absent"]);
});

void test("the_gateways_english_sentence_is_shown_to_english_pages_alone", () => {
  const why = (lang: string, reason: string): string => whyOver(textsFor(lang, {}), lang, reason, "An English sentence.");
  deepEqual([why("en-US", "inactive"), why("fr", "inactive"), why("de", "no_such_reason")], ["An English sentence.", "", ""]);
  equal(why("de", "max_length"), "Die Sitzung hat ihre längste Dauer erreicht.");
});

void test("every_text_of_the_languages_with_a_time_has_its_place", () => {
  for (const lang of ["en", "de"]) {
    const texts = textsFor(lang, {});
    for (const kind of ["inactivity", "end", "proof"] as const) equal(texts[`${kind}Message`].split("{time}").length, 2);
  }
});

void test("who_cannot_be_reached_is_asked_ever_more_rarely_and_not_before_it_wants", () => {
  deepEqual([1, 2, 3, 6, 60].map((failures) => patience(failures, null, 0)), [1000, 2000, 4000, 30_000, 30_000]);
  deepEqual([patience(1, 7, 0), patience(9, 7, 0), patience(1, 5000, 0)], [7000, 30_000, 300_000]);
  equal(patience(1, null, 1), 1200);
});

void test("without_a_warning_the_nearest_end_is_the_plan", () => {
  const plan = (changes: Record<string, unknown>): unknown => {
    const standing = readStanding(live({ warn: null, ...changes }), BASE);
    return standing?.authenticated === true ? planOf(standing, START) : "none";
  };
  deepEqual(plan({ idle_in: 60, expires_in: 90 }), { kind: "inactivity", from: START, warnAt: START + 60_000, endsAt: START + 60_000 });
  deepEqual(plan({ idle_in: null, expires_in: 90 }), { kind: "end", from: START, warnAt: START + 90_000, endsAt: START + 90_000 });
  equal(plan({ idle_in: null, expires_in: null }), null);
});

void test("a_report_never_moves_an_end_that_is_not_of_inactivity_and_never_backwards", () => {
  const end = { kind: "end", from: START, warnAt: START + 1, endsAt: START + 2 } as const;
  equal(afterReport(end, START + 5), end);
  const idle = { ...end, kind: "inactivity" } as const;
  equal(afterReport(idle, START - 5), idle);
  deepEqual(afterReport(idle, START + 5), { kind: "inactivity", from: START + 5, warnAt: START + 6, endsAt: START + 7 });
});
