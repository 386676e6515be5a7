/** Signs of a person at the device. */

/**
 * Calls `touched` when a person does something. Not `scroll`: scripts cause it too (a log that follows its end), and the
 * browser calls those events trusted; and not a key that is held down.
 */
export function watchActivity(touched: () => void): void {
  const options = { capture: true, passive: true } as const;
  const take = (event: Event): void => {
    if (event.isTrusted && !(event instanceof KeyboardEvent && event.repeat)) touched();
  };
  for (const name of ["pointerdown", "keydown", "wheel", "touchstart"]) addEventListener(name, take, options);
}

const KEY = "hourgate-reported";

/** When input was last reported by any page of this browser: pages come and go, the rate does not. */
export function lastReport(): number {
  try {
    return Number(localStorage.getItem(KEY) ?? 0);
  } catch {
    return 0;
  }
}

export function keepReport(at: number): void {
  try {
    localStorage.setItem(KEY, String(at));
  } catch {
    // Storage is switched off: the gateway limits the rate itself.
  }
}
