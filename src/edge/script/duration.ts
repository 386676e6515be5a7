/** Spans in words. Seconds are whole; the words are those of the language, by the browser. */

function words(lang: string, unit: "hour" | "minute" | "second", count: number): string {
  return new Intl.NumberFormat(lang, { style: "unit", unit, unitDisplay: "long" }).format(count);
}

/** For the eyes: hours and minutes, minutes above one, else seconds. Rounded up. */
export function shown(lang: string, secs: number): string {
  if (secs <= 60) return words(lang, "second", secs);
  const minutes = Math.ceil(secs / 60);
  if (minutes < 120) return words(lang, "minute", minutes);
  const hours = words(lang, "hour", Math.floor(minutes / 60));
  return minutes % 60 === 0 ? hours : `${hours} ${words(lang, "minute", minutes % 60)}`;
}

/**
 * For the ears: so coarse that a screen reader is not for ever interrupted. Rounded up to 5 minutes above five, to minutes
 * above one, to 20 seconds below.
 */
export function spoken(lang: string, secs: number): string {
  if (secs > 300) return shown(lang, Math.ceil(secs / 300) * 300);
  if (secs > 60) return shown(lang, Math.ceil(secs / 60) * 60);
  return shown(lang, Math.max(Math.ceil(secs / 20), 1) * 20);
}
