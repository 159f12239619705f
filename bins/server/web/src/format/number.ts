// Counts, shares and other bare numbers, as they are shown.

/** What is shown of what nobody knows. */
export const UNKNOWN = '–';

/** A number with so many decimals, thousands set apart: `1,234.50`. */
export function decimal(value: number, decimals = 0): string {
  const text = Math.abs(value).toFixed(decimals);
  const [whole = '', fraction] = text.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  const sign = value < 0 && Number(text) !== 0 ? '−' : '';
  return sign + grouped + (fraction === undefined ? '' : `.${fraction}`);
}

/** Three figures: `1.23`, `12.3`, `123`. */
export function threeFigures(value: number): string {
  const size = Math.abs(value);
  return decimal(value, size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}

/** How many there are: `1,204`. */
export function count(value: number | null | undefined): string {
  return value == null ? UNKNOWN : decimal(Math.round(value));
}

/** How many there are, short: `12.3k`. */
export function shortCount(value: number): string {
  const size = Math.abs(value);
  if (size < 1_000) return decimal(value, Number.isInteger(value) || size >= 100 ? 0 : 1);
  const [divisor, unit] = size < 999_500 ? [1e3, 'k'] : size < 999.5e6 ? [1e6, 'M'] : [1e9, 'G'];
  return threeFigures(value / divisor) + unit;
}

/** A share of 0 to 1 as `98.8%`. What is not all is never shown as all, nor what is something as nothing. */
export function percent(share: number | null | undefined, decimals = 1): string {
  if (share == null || !Number.isFinite(share)) return UNKNOWN;
  const step = 10 ** -decimals;
  const value = share * 100;
  if (value < 100 && value > 100 - step / 2) return `>${decimal(100 - step, decimals)}%`;
  if (value > 0 && value < step / 2) return `<${decimal(step, decimals)}%`;
  return value === 100 || value === 0 ? `${value}%` : `${decimal(value, decimals)}%`;
}

/** A change of a share, in points: `+0.3`. */
export function points(change: number | null | undefined, decimals = 2): string {
  if (change == null) return UNKNOWN;
  const text = decimal(change * 100, decimals);
  return change > 0 && Number(text) !== 0 ? `+${text}` : text;
}

/** One or several: `1 node`, `3 nodes`. */
export function some(number: number, one: string, several = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : several}`;
}

/** Of how many nodes a sum is: `of 2 of 3 nodes`. */
export function ofNodes(known: number, all: number): string {
  return `of ${known} of ${some(all, 'node')}`;
}
