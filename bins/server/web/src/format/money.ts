// Money, of which there are integers alone: micro-dollars.

import { UNKNOWN } from './number';

const MICROS = 1_000_000;

/** Dollars with so many decimals, a half away from zero: `$1.64`, `−$0.01`, `$1,234.50`. */
function dollars(micros: number, decimals: number): string {
  const unit = MICROS / 10 ** decimals;
  const size = Math.abs(micros);
  const rest = size % unit;
  const units = (size - rest) / unit + (rest * 2 >= unit ? 1 : 0);
  const fraction = units % 10 ** decimals;
  const whole = (units - fraction) / 10 ** decimals;
  const grouped = String(whole).replace(/\B(?=(\d{3})+$)/g, ',');
  const sign = micros < 0 && units > 0 ? '−' : '';
  return `${sign}$${grouped}.${String(fraction).padStart(decimals, '0')}`;
}

/** To the cent, as the server shows it. */
export function money(micros: number | null | undefined): string {
  return micros == null ? UNKNOWN : dollars(micros, 2);
}

/** To hundredths of a cent, where amounts are small. */
export function fineMoney(micros: number | null | undefined): string {
  return micros == null ? UNKNOWN : dollars(micros, 4);
}

/** A change to hundredths of a cent: `+$0.0016`. */
export function fineMoneyChange(micros: number | null | undefined): string {
  if (micros == null) return UNKNOWN;
  return micros >= MICROS / 20_000 ? `+${fineMoney(micros)}` : fineMoney(micros);
}

/** The sum of what is known; null where nothing is. */
export function sumOf(amounts: Iterable<number | null | undefined>): number | null {
  let sum: number | null = null;
  for (const amount of amounts) if (amount != null) sum = (sum ?? 0) + amount;
  return sum;
}
