// Claims about the order of rows: figures by size, names as people count, times to their last digit, the unknown last.
import { expect, it } from 'vitest';
import { sortedBy } from './table';

const values = <T extends number | string | null>(...values: T[]) => values.map((value) => ({ value }));
const sorted = <T extends number | string | null>(of: T[], isDescending = false) =>
  sortedBy(values(...of), ({ value }) => value, isDescending).map(({ value }) => value);

it('is that of times, whatever digits of them are left out', () => {
  const inOrder = ['04Z', '04.1Z', '04.15Z', '04.25Z', '04.3Z', '05Z'].map((second) => `2026-11-26T10:31:${second}`);
  const mixed = [3, 1, 5, 0, 4, 2].map((index) => inOrder[index] ?? '');
  expect(sorted(mixed)).toEqual(inOrder);
  expect(sorted(mixed, true)).toEqual([...inOrder].reverse());
  // What a millisecond does not tell apart.
  expect(sorted(['2026-11-26T10:31:04.0000002Z', '2026-11-26T10:31:04.00000015Z'])[0]).toContain('15Z');
});

it('is that of figures and names, and what is not known is last either way', () => {
  expect(sorted([10, null, 9, 100])).toEqual([9, 10, 100, null]);
  expect(sorted([10, null, 9, 100], true)).toEqual([100, 10, 9, null]);
  expect(sorted(['node10', 'node2', null])).toEqual(['node2', 'node10', null]);
  // A word among times, such as for what is so already.
  expect(sorted(['2026-11-26T10:31:04Z', '0'])).toEqual(['0', '2026-11-26T10:31:04Z']);
});
