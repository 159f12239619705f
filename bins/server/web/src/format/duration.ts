// Lengths of time, from microseconds to years.

import { decimal, threeFigures, UNKNOWN } from './number';

const UNITS: readonly [number, string][] = [
  [365 * 86_400, 'y'],
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
];

/** Seconds, in the two units that say most: `3 d 4 h`, `5 min`, `12 s`. */
export function duration(seconds: number | null | undefined): string {
  if (seconds == null || !Number.isFinite(seconds)) return UNKNOWN;
  let left = Math.round(Math.abs(seconds));
  const sign = seconds < 0 && left > 0 ? '−' : '';
  const first = UNITS.findIndex(([size]) => left >= size);
  if (first < 0) return '0 s';
  const parts = [];
  for (const [size, unit] of UNITS.slice(first, first + 2)) {
    const number = Math.floor(left / size);
    left -= number * size;
    if (number > 0) parts.push(`${decimal(number)} ${unit}`);
  }
  return sign + parts.join(' ');
}

/** A latency of microseconds: `850 µs`, `12.3 ms`, `1.20 s`. */
export function latency(micros: number | null | undefined): string {
  if (micros == null) return UNKNOWN;
  if (micros < 999.5) return `${decimal(Math.round(micros))} µs`;
  if (micros < 999_500) return `${threeFigures(micros / 1e3)} ms`;
  if (micros < 99_950_000) return `${threeFigures(micros / 1e6)} s`;
  return duration(micros / 1e6);
}

/** How long ago a moment was: `12 s ago`, `in 5 d`; to the largest unit. */
export function age(at: number, now: number): string {
  const seconds = Math.round((now - at) / 1000);
  const size = Math.abs(seconds);
  if (size < 2) return 'now';
  const [unit, name] = UNITS.find(([length]) => size >= length) ?? [1, 's'];
  const text = `${decimal(Math.floor(size / unit))} ${name}`;
  return seconds < 0 ? `in ${text}` : `${text} ago`;
}
