// Snapshots of space as curves over one axis of time.

import type { StorageHistoryAnswer } from '../../api/types/money';
import type { Series } from '../../components/chart';

const POINTS = 200;
/** So many points a snapshot holds until another one comes; after that nothing is known. */
const HOLDS = 4;
const NODES_MAX = 8;

type Snapshots = StorageHistoryAnswer['nodes'][number]['snapshots'];
type Amount = 'used_bytes' | 'trash_bytes' | 'available_bytes';

/** Of one node what is held, trash and free; of several what each holds. */
export function spaceOver({ from, to, nodes }: StorageHistoryAnswer): { times: number[]; series: Series[]; left: number } {
  const [begin, end] = bounds(from, to, nodes);
  const width = Math.max(1, (end - begin) / POINTS);
  const times = Array.from({ length: POINTS }, (_, index) => (begin + (index + 1) * width) / 1000);
  const curve = (snapshots: Snapshots, amount: Amount) => held(snapshots, amount, begin, width);
  const [only] = nodes;
  if (only !== undefined && nodes.length === 1) {
    const series: Series[] = [
      { label: 'Held', colour: 1, isFilled: true, values: curve(only.snapshots, 'used_bytes') },
      { label: 'Trash', colour: 5, isFilled: true, values: curve(only.snapshots, 'trash_bytes') },
      { label: 'Free', colour: 7, isDashed: true, values: curve(only.snapshots, 'available_bytes') },
    ];
    return { times, series, left: 0 };
  }
  const told = nodes.filter(({ snapshots }) => snapshots.length > 0);
  const series = told.slice(0, NODES_MAX).map(({ node, snapshots }, index) => ({
    label: node,
    colour: (index % 8) + 1,
    isDashed: index % 2 === 1,
    values: curve(snapshots, 'used_bytes'),
  }));
  return { times, series, left: told.length - series.length };
}

function bounds(from: string | null, to: string | null, nodes: StorageHistoryAnswer['nodes']): [number, number] {
  const told = nodes.flatMap(({ snapshots }) => snapshots.map(({ at }) => Date.parse(at)));
  // The window may begin long before anybody looked.
  const first = Math.min(...told);
  const begin = Math.max(first, from === null ? first : Date.parse(from));
  const end = to === null ? Math.max(...told) : Date.parse(to);
  return [begin - 1, end];
}

function held(snapshots: Snapshots, amount: Amount, begin: number, width: number): (number | null)[] {
  const values: (number | null)[] = Array.from({ length: POINTS }, () => null);
  for (const snapshot of snapshots) {
    const index = Math.floor((Date.parse(snapshot.at) - begin) / width);
    const value = snapshot[amount];
    if (value !== null && index >= 0) values[Math.min(index, POINTS - 1)] = value;
  }
  let age = HOLDS;
  for (let index = 1; index < POINTS; index += 1) {
    if (values[index] != null) age = 0;
    else if (age < HOLDS && values[index - 1] != null) {
      values[index] = values[index - 1] ?? null;
      age += 1;
    }
  }
  return values;
}
