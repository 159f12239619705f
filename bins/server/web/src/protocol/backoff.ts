// How long to wait before the next try: longer each time, and not all browsers at once.

const FIRST_MS = 500;
const LONGEST_MS = 15_000;
/** After the server said that it was too much. */
const REPROACHED_MS = 10_000;

/** The wait before a try; `failures` came one after another, `random` is from 0 to 1. */
export function waitBefore(failures: number, random: number, wasReproached = false): number {
  const grown = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 16));
  const whole = wasReproached ? Math.max(grown, REPROACHED_MS) : grown;
  return Math.round(whole * (0.5 + random / 2));
}
