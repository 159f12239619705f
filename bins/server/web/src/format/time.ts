// Moments in the time of whoever looks, with its zone.
//
// They are put together here: the first format that a browser makes takes 30 milliseconds, and the first view would wait for it.

import { UNKNOWN } from './number';

/** How exactly a moment is shown. */
export type Precision = 'day' | 'minute' | 'second' | 'millisecond';

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];

const digits = (value: number, length = 2) => String(value).padStart(length, '0');

/** Milliseconds of a time as the server writes it; undefined where it is none. */
export function millis(at: string | null | undefined): number | undefined {
  const time = at == null ? Number.NaN : Date.parse(at);
  return Number.isNaN(time) ? undefined : time;
}

/**
 * Puts times as the server writes them in order, to their last digit. It leaves out a fraction of 0 and zeros at its end, so that
 * by their letters `…:04.1Z` would come before `…:04Z`; without the `Z` the shorter one is the earlier one.
 */
export function byTime(one: string, other: string): number {
  const [a, b] = [one.replace('Z', ''), other.replace('Z', '')];
  return a < b ? -1 : a > b ? 1 : 0;
}

function clock(date: Date, precision: Precision): string {
  const minute = `${digits(date.getHours())}:${digits(date.getMinutes())}`;
  switch (precision) {
    case 'day':
      return '';
    case 'minute':
      return minute;
    case 'second':
      return `${minute}:${digits(date.getSeconds())}`;
    case 'millisecond':
      return `${minute}:${digits(date.getSeconds())}.${digits(date.getMilliseconds(), 3)}`;
  }
}

/** The day without its year: `26 Nov`. */
export function shortDay(at: number): string {
  const date = new Date(at);
  return `${date.getDate()} ${monthName(date.getMonth(), 'short')}`;
}

/** `26 Nov 2026, 11:31`; undefined as a dash. */
export function moment(at: string | number | null | undefined, precision: Precision = 'minute'): string {
  const time = typeof at === 'number' ? at : millis(at);
  if (time === undefined) return UNKNOWN;
  const date = new Date(time);
  const day = `${shortDay(time)} ${date.getFullYear()}`;
  return precision === 'day' ? day : `${day}, ${clock(date, precision)}`;
}

/** The day of a moment that is of UTC, as months of pay are: `1 Dec 2026` wherever it is read. */
export function dayOfUtc(at: string | null | undefined): string {
  const time = millis(at);
  if (time === undefined) return UNKNOWN;
  const date = new Date(time);
  return `${date.getUTCDate()} ${monthName(date.getUTCMonth(), 'short')} ${date.getUTCFullYear()}`;
}

/** The time of day alone: `11:31:04`. */
export function timeOfDay(at: string | number, precision: Precision = 'second'): string {
  const time = typeof at === 'number' ? at : millis(at);
  return time === undefined ? UNKNOWN : clock(new Date(time), precision);
}

let zones: Intl.DateTimeFormat | undefined;

/** The short name of the zone at a moment: `CET`, `GMT+2`. */
export function zoneName(at: number): string {
  zones ??= new Intl.DateTimeFormat('en-GB', { hour: '2-digit', timeZoneName: 'short' });
  return zones.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? 'UTC';
}

/** A moment with its zone, for where it stands alone. */
export function momentWithZone(at: string | number | null | undefined): string {
  const time = typeof at === 'number' ? at : millis(at);
  return time === undefined ? UNKNOWN : `${moment(time, 'second')} ${zoneName(time)}`;
}

function monthName(index: number, name: 'long' | 'short'): string {
  const long = MONTHS[index] ?? '';
  return name === 'long' ? long : long.slice(0, 3);
}

/** A month of the server, `2026-11`, for people: `November 2026`. */
export function month(period: string, name: 'long' | 'short' = 'long'): string {
  const [year, number] = /^(\d{4})-(\d\d)$/.exec(period)?.slice(1) ?? [];
  const named = monthName(Number(number) - 1, name);
  return named === '' ? period : `${named} ${year}`;
}

/** The month so many after a month: `2026-01` is one after `2025-12`. */
export function monthPlus(period: string, months: number): string {
  const [year = 1970, number = 1] = period.split('-').map(Number);
  const all = year * 12 + (number - 1) + months;
  return `${digits(Math.floor(all / 12), 4)}-${digits((all % 12) + 1)}`;
}
