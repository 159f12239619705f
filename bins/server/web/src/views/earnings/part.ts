// Whether figures of money are of all of a month, and of all nodes.

import type { Month } from '../../api/types/money';
import { monthPlus } from '../../format/time';
import type { Place } from '../../state/address';

/** Whether there is an estimate by the logs that begin only after the month did. */
export function isOfPart({ period, log_estimate_micro_usd, log_from }: Pick<Month, 'period' | 'log_estimate_micro_usd' | 'log_from'>): boolean {
  return log_estimate_micro_usd !== null && log_from !== null && log_from.slice(0, 10) > `${period}-01`;
}

/** A month as a window. */
export function monthOf(period: string): Pick<Place, 'window' | 'from' | 'to'> {
  return { window: undefined, from: `${period}-01T00:00:00Z`, to: `${monthPlus(period, 1)}-01T00:00:00Z` };
}

/** A sum, and of how many it is. */
export interface Sum {
  value: number | null;
  known: number;
  of: number;
}

type Figures = Pick<Month, 'log_estimate_micro_usd' | 'node_estimate_micro_usd' | 'paid_micro_usd'>;
const hasAny = (of: Figures) => of.log_estimate_micro_usd !== null || of.node_estimate_micro_usd !== null || of.paid_micro_usd !== null;

/** The sum of what is known of these nodes, of those that have any figure of pay. */
export function sumOver<Row extends Figures>(rows: readonly Row[], pick: (row: Row) => number | null): Sum {
  const values = rows.map(pick).filter((value) => value !== null);
  const sum = values.reduce((sum, value) => sum + value, 0);
  return { value: values.length === 0 ? null : sum, known: values.length, of: Math.max(values.length, rows.filter(hasAny).length) };
}

/** The first that is known of all, from the surest on; otherwise the one that is known of most. */
export function surestOf<Name extends string>(sums: readonly (readonly [Name, Sum])[]): readonly [Name, Sum] | undefined {
  const known = sums.filter(([, { known }]) => known > 0);
  const most = Math.max(...known.map(([, { known }]) => known));
  return known.find(([, { known, of }]) => known === of) ?? known.find(([, { known }]) => known === most);
}

/** What stands behind a sum that is not of all: ` (1 of 3)`. */
export function shareOf({ value, known, of }: Sum): string {
  return value === null || known === of ? '' : ` (${known} of ${of})`;
}
