// Amounts of data: a TB is 10^12 bytes, as Storj pays by it.

import { decimal, threeFigures, UNKNOWN } from './number';

const BYTES = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];
const BITS = ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'Tbit/s'];

/** A number in the unit that suits it, of those that are each a thousand of the one before. */
function scaled(value: number, units: readonly string[]): string {
  let size = Math.abs(value);
  let step = 0;
  // 999.6 would be shown as 1000.
  while (size >= 999.5 && step < units.length - 1) {
    size /= 1000;
    step += 1;
  }
  const signed = value < 0 ? -size : size;
  const text = step === 0 ? decimal(Math.round(signed)) : threeFigures(signed);
  return `${text} ${units[step]}`;
}

/** Bytes: `1.24 TB`. */
export function bytes(value: number | null | undefined): string {
  return value == null ? UNKNOWN : scaled(value, BYTES);
}

/** The bound of a class of sizes, of which most are powers of two: `64 KiB`. */
export function sizeBound(value: number): string {
  const step = value >= 1024 ** 3 ? 3 : value >= 1024 ** 2 ? 2 : value >= 1024 ? 1 : 0;
  const whole = value / 1024 ** step;
  return step > 0 && Number.isInteger(whole) ? `${decimal(whole)} ${['B', 'KiB', 'MiB', 'GiB'][step]}` : bytes(value);
}

/** A change of bytes: `+3.20 GB`. */
export function byteChange(value: number | null | undefined): string {
  if (value == null) return UNKNOWN;
  return value > 0 ? `+${bytes(value)}` : bytes(value);
}

/** Bits in a second: `4.05 Mbit/s`. */
export function bitRate(value: number | null | undefined): string {
  return value == null ? UNKNOWN : scaled(value, BITS);
}

/** Pieces in a second: `1.25 pieces/s`. */
export function pieceRate(value: number | null | undefined): string {
  return value == null ? UNKNOWN : `${threeFigures(value)} pieces/s`;
}
