// Claims about rows that are used again: who stays keeps its own, and no two share one.
import { expect, it } from 'vitest';
import { dealt, type Slots } from './slots';

/** The rows of the last of these tables, each of which follows the one before. */
const rows = (...tables: string[]) => [...tables.reduce<Slots>((before, names) => dealt(before, [...names]), new Map()).values()];

it('keeps rows of those that stay, and gives the others what became free', () => {
  expect(rows('cba')).toEqual([0, 1, 2]);
  expect(rows('cba', 'dcb')).toEqual([2, 0, 1]);
  expect(rows('cba', 'dcb', 'dcb')).toEqual([2, 0, 1]);
});

it('leaves all rows where they are when all are others', () => {
  expect(rows('cba', 'fed')).toEqual([0, 1, 2]);
});

it('never gives one row to two', () => {
  expect(rows('cba', 'b')).toEqual([1]);
  const [e, d, b, a] = rows('cba', 'b', 'edba');
  expect(b).toBe(1);
  expect(new Set([e, d, b, a]).size).toBe(4);
  expect(rows('cba', '')).toEqual([]);
});
