// Claims about what is drawn of space.
import { expect, it } from 'vitest';
import type { StorageHistoryAnswer } from '../../api/types/money';
import { amountsOf, spaceOver } from './space';

const snapshot = (at: string, used: number | null, available: number | null) => ({
  at, used_bytes: used, trash_bytes: null, available_bytes: available, total_bytes: null,
});
const answer = (snapshots: ReturnType<typeof snapshot>[], days: { day: string; bytes: number | null }[]): StorageHistoryAnswer => ({
  from: '2026-11-01T00:00:00Z',
  to: '2026-11-21T00:00:00Z',
  nodes: [{ node: 'attic', snapshots, days }],
});
const days = [{ day: '2026-11-02', bytes: 5 }, { day: '2026-11-03', bytes: null }, { day: '2026-11-20', bytes: 7 }];

it('draws what is known for long, the surest of that first', () => {
  const young = answer([snapshot('2026-11-02T00:00:00Z', null, 9), snapshot('2026-11-20T12:00:00Z', 6, 8)], days);
  expect(amountsOf(young)).toEqual({ known: ['held', 'reported', 'free'], best: 'reported' });
  const old = answer([snapshot('2026-11-02T00:00:00Z', 5, 9), snapshot('2026-11-20T12:00:00Z', 6, 8)], days);
  expect(amountsOf(old).best).toBe('held');
});

it('begins where somebody looked, and holds a value only for a while', () => {
  const { times, series } = spaceOver(answer([snapshot('2026-11-11T00:00:00Z', null, 9), snapshot('2026-11-20T23:00:00Z', null, 8)], []), 'free');
  expect(new Date((times[0] ?? 0) * 1000).toISOString().slice(0, 10)).toBe('2026-11-11');
  expect(series[0]?.values[0]).toBe(9);
  expect(series[0]?.values[100]).toBeNull();
  expect(series[0]?.values.at(-1)).toBe(8);
});

it('leaves a gap where nobody told anything, however long the window is', () => {
  const hours = Array.from({ length: 480 }, (_, hour) => hour).filter((hour) => hour < 240 || hour >= 252);
  const told = hours.map((hour) => snapshot(new Date(Date.parse('2026-11-01T00:00:00Z') + hour * 3_600_000).toISOString(), hour, null));
  const { times, series } = spaceOver(answer(told, []), 'held');
  const silent = times.filter((_, index) => series[0]?.values[index] == null).map((time) => new Date(time * 1000).toISOString().slice(0, 10));
  // Twelve hours of which a point of two and a half holds what was before.
  expect(silent.length).toBeGreaterThanOrEqual(3);
  expect([...new Set(silent)]).toEqual(['2026-11-11']);
});
