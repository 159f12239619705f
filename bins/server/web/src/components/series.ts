// The curves of a chart, and the data that are drawn of them.

import type { AlignedData } from 'uplot';

/** A curve. */
export interface Series {
  label: string;
  /** A value for each time; null where nothing is known, which is drawn as a gap. */
  values: readonly (number | null)[];
  /** 1 to 8. */
  colour: number;
  isDashed?: boolean;
  isFilled?: boolean;
  /** Each value holds until the next one. */
  isStepped?: boolean;
  /** Which values were told, and not held from one before: they get a point. */
  told?: readonly boolean[];
}

/** The data as they are drawn. Stacked ones are sums, the largest first: each covers a part of the one before. */
export function dataOf(
  times: readonly number[],
  series: readonly Series[],
  isStacked: boolean,
): AlignedData {
  const columns = isStacked ? stacked(times.length, series).reverse() : series.map(({ values }) => [...values]);
  return [[...times], ...columns] as AlignedData;
}

/** Each series with those before it. Where nothing is known of any there is a gap. */
export function stacked(length: number, series: readonly Pick<Series, 'values'>[]): (number | null)[][] {
  const sums: (number | null)[] = Array.from({ length }, () => null);
  return series.map(({ values }) => {
    for (let index = 0; index < length; index += 1) {
      const value = values[index];
      if (value != null) sums[index] = (sums[index] ?? 0) + value;
    }
    return [...sums];
  });
}
