// Moments in the time of whoever looks, with its zone.

import { UNKNOWN } from './number';

/** How exactly a moment is shown. */
export type Precision = 'day' | 'minute' | 'second' | 'millisecond';

const LOCALE = 'en-GB';
const formats = new Map<string, Intl.DateTimeFormat>();

/** The format of that name: to make one takes longer than to use it a hundred times. */
function format(name: string, options: Intl.DateTimeFormatOptions, zone: string | undefined): Intl.DateTimeFormat {
  const key = zone === undefined ? name : `${name} ${zone}`;
  let known = formats.get(key);
  if (known === undefined) {
    known = new Intl.DateTimeFormat(LOCALE, { ...options, timeZone: zone, hourCycle: 'h23' });
    formats.set(key, known);
  }
  return known;
}

const CLOCKS: Record<Precision, Intl.DateTimeFormatOptions> = {
  day: {},
  minute: { hour: '2-digit', minute: '2-digit' },
  second: { hour: '2-digit', minute: '2-digit', second: '2-digit' },
  millisecond: { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 },
};

const DATE: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short', year: 'numeric' };

/** Milliseconds of a time as the server writes it; undefined where it is none. */
export function millis(at: string | null | undefined): number | undefined {
  const time = at == null ? Number.NaN : Date.parse(at);
  return Number.isNaN(time) ? undefined : time;
}

/** `26 Nov 2026, 11:31`; undefined as a dash. `zone` is that of whoever looks unless it is said. */
export function moment(
  at: string | number | null | undefined,
  precision: Precision = 'minute',
  zone?: string,
): string {
  const time = typeof at === 'number' ? at : millis(at);
  if (time === undefined) return UNKNOWN;
  return format(precision, { ...DATE, ...CLOCKS[precision] }, zone).format(time);
}

/** The time of day alone: `11:31:04`. */
export function timeOfDay(at: string | number, precision: Precision = 'second', zone?: string): string {
  const time = typeof at === 'number' ? at : millis(at);
  return time === undefined ? UNKNOWN : format(`clock ${precision}`, CLOCKS[precision], zone).format(time);
}

/** The short name of the zone at a moment: `CET`, `GMT+2`. */
export function zoneName(at: number, zone?: string): string {
  const parts = format('zone', { hour: '2-digit', timeZoneName: 'short' }, zone).formatToParts(at);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'UTC';
}

/** A moment with its zone, for where it stands alone. */
export function momentWithZone(at: string | number | null | undefined, zone?: string): string {
  const time = typeof at === 'number' ? at : millis(at);
  return time === undefined ? UNKNOWN : `${moment(time, 'second', zone)} ${zoneName(time, zone)}`;
}

/** A month of the server, `2026-11`, for people: `November 2026`. */
export function month(period: string, name: 'long' | 'short' = 'long'): string {
  const time = Date.parse(`${period}-15T12:00:00Z`);
  if (Number.isNaN(time)) return period;
  return format(`month ${name}`, { month: name, year: 'numeric' }, 'UTC').format(time);
}

/** The month so many after a month: `2026-01` is one after `2025-12`. */
export function monthPlus(period: string, months: number): string {
  const [year = 1970, number = 1] = period.split('-').map(Number);
  const all = year * 12 + (number - 1) + months;
  return `${String(Math.floor(all / 12)).padStart(4, '0')}-${String((all % 12) + 1).padStart(2, '0')}`;
}
