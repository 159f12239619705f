// The columns of a table.

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
