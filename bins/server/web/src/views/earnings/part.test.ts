// Claims about sums of figures that are known of some nodes only.
import { expect, it } from 'vitest';
import { shareOf, sumOver, surestOf } from './part';

const month = (log: number | null, node: number | null, paid: number | null) => ({
  log_estimate_micro_usd: log,
  node_estimate_micro_usd: node,
  paid_micro_usd: paid,
});
const sums = (rows: ReturnType<typeof month>[]) =>
  [
    ['paid', sumOver(rows, (row) => row.paid_micro_usd)],
    ['node estimate', sumOver(rows, (row) => row.node_estimate_micro_usd)],
    ['log estimate', sumOver(rows, (row) => row.log_estimate_micro_usd)],
  ] as const;

it('what one node was paid is not what all were paid', () => {
  const rows = [month(1, 2, 3), month(1, 2, null), month(1, 2, null), month(null, null, null)];
  expect(surestOf(sums(rows))).toEqual(['node estimate', { value: 6, known: 3, of: 3 }]);
  expect(shareOf(sumOver(rows, (row) => row.paid_micro_usd))).toBe(' (1 of 3)');
  expect(shareOf(sumOver(rows, (row) => row.node_estimate_micro_usd))).toBe('');
});

it('the figure of most nodes stands where none is of all', () => {
  expect(surestOf(sums([month(1, null, 5), month(1, null, null), month(null, 4, null)]))?.[0]).toBe('log estimate');
  expect(surestOf(sums([month(null, null, 5), month(1, null, null)]))?.[0]).toBe('paid');
  expect(surestOf(sums([month(null, null, null)]))).toBeUndefined();
});
