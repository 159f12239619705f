// The columns of a table, and the order of its rows.

import { byTime } from '../format/time';
import { byWords } from '../format/words';

/** A column of rows. */
export interface Column<Row> {
  name: string;
  title: string;
  /** What the heading means, in a sentence. */
  about?: string;
  text: (row: Row) => string;
  /** By what it is sorted; without it the column cannot be. */
  sort?: (row: Row) => number | string | null | undefined;
  isNumber?: boolean;
  /** A time, which stands in one line. */
  isTime?: boolean;
  /** A sentence, which needs some room. */
  isLong?: boolean;
  /** The table's snippet draws it. */
  isDrawn?: boolean;
  /** Where what is behind a cell is seen. */
  link?: (row: Row) => string | undefined;
}

const isTime = (value: number | string): value is string => typeof value === 'string' && /^\d{4}-\d\d-\d\dT.*Z$/.test(value);

function compared(one: number | string, other: number | string): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  return isTime(one) && isTime(other) ? byTime(one, other) : byWords(String(one), String(other));
}

/** The rows by a value of theirs. What is not known stands last either way. */
export function sortedBy<Row>(rows: readonly Row[], value: NonNullable<Column<Row>['sort']>, isDescending: boolean): Row[] {
  const sign = isDescending ? -1 : 1;
  return [...rows].sort((one, other) => {
    const [a, b] = [value(one), value(other)];
    if (a == null || b == null) return a == null ? (b == null ? 0 : 1) : -1;
    return sign * compared(a, b);
  });
}

/** A column of figures: sorted by the figure, shown by the format. */
export function figure<Row>(
  name: string,
  title: string,
  of: (row: Row) => number | null | undefined,
  show: (value: number | null | undefined) => string,
  about?: string,
): Column<Row> {
  return { name, title, text: (row) => show(of(row)), sort: of, isNumber: true, ...(about ? { about } : {}) };
}

/** A column of words. */
export function words<Row>(name: string, title: string, of: (row: Row) => string | null | undefined): Column<Row> {
  return { name, title, text: (row) => of(row) ?? '–', sort: of };
}
