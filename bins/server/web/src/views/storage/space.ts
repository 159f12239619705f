// What is told of space, as curves over one axis of time.

import type { StorageHistoryAnswer } from '../../api/types/money';
import type { Series } from '../../components/series';

/** What can be drawn, the surest first. */
export const AMOUNTS = {
  held: 'Held, as nodes tell',
  reported: 'Held, as satellites report',
  free: 'Free',
  trash: 'Trash',
} as const;
export type Amount = keyof typeof AMOUNTS;

const POINTS = 200;
/** So many times as long as values are usually apart one holds until another one comes; after that nothing is known. */
const HOLDS = 1.5;
/** And so long at most, in points: of two that are far apart nobody knows what was between them. */
const POINTS_HOLD = 4;
const DAYS_HOLD = 2 * 86_400_000;
const NODES_MAX = 8;
const NOON = 43_200_000;

type NodeSpace = StorageHistoryAnswer['nodes'][number];
type Told = [at: number, value: number];

function told({ snapshots, days }: NodeSpace, amount: Amount): Told[] {
  if (amount === 'reported') return days.flatMap(({ day, bytes }): Told[] => (bytes === null ? [] : [[Date.parse(day) + NOON, bytes]]));
  const name = ({ held: 'used_bytes', free: 'available_bytes', trash: 'trash_bytes' } as const)[amount];
  return snapshots.flatMap((of): Told[] => {
    const value = of[name];
    return value === null ? [] : [[Date.parse(of.at), value]];
  });
}

/** What is known at all, and of that what is known for long enough. */
export function amountsOf({ nodes }: StorageHistoryAnswer): { known: Amount[]; best: Amount } {
  const spans = (Object.keys(AMOUNTS) as Amount[]).map((amount) => {
    const times = nodes.flatMap((node) => told(node, amount).map(([at]) => at));
    return { amount, span: times.length === 0 ? -1 : times.reduce((last, at) => Math.max(last, at), 0) - times.reduce((first, at) => Math.min(first, at), Infinity) };
  });
  const known = spans.filter(({ span }) => span >= 0);
  const longest = Math.max(...known.map(({ span }) => span));
  return { known: known.map(({ amount }) => amount), best: known.find(({ span }) => span >= longest / 2)?.amount ?? 'held' };
}

/** The amount of each node. */
export function spaceOver({ from, to, nodes }: StorageHistoryAnswer, amount: Amount): { times: number[]; series: Series[]; left: number } {
  const all = nodes.map((node) => ({ node: node.node, told: told(node, amount) })).filter(({ told }) => told.length > 0);
  const [begin, end] = bounds(from, to, all.flatMap(({ told }) => told.map(([at]) => at)));
  const width = Math.max(1, (end - begin) / POINTS);
  const times = Array.from({ length: POINTS }, (_, index) => (begin + (index + 1) * width) / 1000);
  const series = all.slice(0, NODES_MAX).map(({ node, told }, index) => ({
    label: node,
    colour: (index % 8) + 1,
    isDashed: index % 2 === 1,
    isFilled: all.length === 1,
    values: over(told, begin, width, Math.min((HOLDS * apart(told)) / width, Math.max(POINTS_HOLD, amount === 'reported' ? DAYS_HOLD / width : 0))),
  }));
  return { times, series, left: all.length - series.length };
}

function bounds(from: string | null, to: string | null, times: readonly number[]): [number, number] {
  // The window may begin long before anybody looked.
  const first = times.reduce((first, at) => Math.min(first, at), Infinity);
  const last = times.reduce((last, at) => Math.max(last, at), 0);
  const begin = Math.max(first, from === null ? first : Date.parse(from));
  return [begin - 1, to === null ? last : Math.max(last, Date.parse(to))];
}

/** How long values are apart, the middle one of all. */
function apart(told: readonly Told[]): number {
  const lengths = told.slice(1).map(([at], index) => at - (told[index]?.[0] ?? at));
  return lengths.sort((one, other) => one - other)[Math.floor(lengths.length / 2)] ?? 0;
}

function over(told: readonly Told[], begin: number, width: number, holds: number): (number | null)[] {
  const values: (number | null)[] = Array.from({ length: POINTS }, () => null);
  for (const [at, value] of told) {
    const index = Math.floor((at - begin) / width);
    if (index >= 0) values[Math.min(index, POINTS - 1)] = value;
  }
  let age = 0;
  for (let index = 1; index < POINTS; index += 1) {
    if (values[index] != null) age = 0;
    else if (age < holds && values[index - 1] != null) {
      values[index] = values[index - 1] ?? null;
      age += 1;
    }
  }
  return values;
}
