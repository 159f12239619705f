// Claims about rows that are used again: who stays keeps its own, and no two share one.
import { expect, it } from 'vitest';
import { Slots } from './slots';

const dealt = (slots: Slots, ...names: string[]) => {
  slots.deal(names);
  return names.map((name) => slots.of(name));
};

it('keeps rows of those that stay, and gives the others what became free', () => {
  const slots = new Slots();
  expect(dealt(slots, 'c', 'b', 'a')).toEqual([0, 1, 2]);
  expect(dealt(slots, 'd', 'c', 'b')).toEqual([2, 0, 1]);
  expect(dealt(slots, 'd', 'c', 'b')).toEqual([2, 0, 1]);
});

it('leaves all rows where they are when all are others', () => {
  const slots = new Slots();
  dealt(slots, 'c', 'b', 'a');
  expect(dealt(slots, 'f', 'e', 'd')).toEqual([0, 1, 2]);
});

it('never gives one row to two', () => {
  const slots = new Slots();
  dealt(slots, 'c', 'b', 'a');
  expect(dealt(slots, 'b')).toEqual([1]);
  const rows = dealt(slots, 'e', 'd', 'b', 'a');
  expect(rows[2]).toBe(1);
  expect(new Set(rows).size).toBe(4);
  expect(dealt(slots)).toEqual([]);
});
