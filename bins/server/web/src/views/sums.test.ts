// Claims about what views add up.
import { describe, expect, it } from 'vitest';
import type { TrafficAnswer } from '../api/types/http';
import type { TrafficState } from '../api/types/live';
import { stacked } from '../components/series';
import { bitsOf, byActionOf, bothWays, fullness, lastHour, over } from './sums';

const ends = (bytes: number) => ({ count: 1, success: 1, bytes });

describe('the last hour', () => {
  const state: TrafficState = {
    minute: '2026-11-26T10:04:00Z',
    minutes: {
      '2026-11-26T10:03:00Z': { GET: ends(600), GET_REPAIR: ends(150), PUT: ends(75), DELETE: ends(9) },
      '2026-11-26T10:01:00Z': { PUT: ends(150) },
      '2026-11-26T10:04:00Z': { PUT: ends(1) },
    },
    rates: { ingress: { bits_per_second: 0, pieces_per_second: 0 }, egress: { bits_per_second: 0, pieces_per_second: 0 } },
  };

  it('is in order, knows that nothing happened in between, and ends before the minute that is not over', () => {
    const { times, minutes } = lastHour(state);
    expect(times.map((time) => new Date(time * 1000).getUTCMinutes())).toEqual([1, 2, 3]);
    expect(bitsOf(minutes, 'ingress')).toEqual([20, 0, 10]);
    expect(bitsOf(minutes, 'egress')).toEqual([0, 0, 100]);
    // Of what came after the last known one nobody knows.
    expect(bitsOf(lastHour({ ...state, minute: '2026-11-26T10:07:00Z' }).minutes, 'ingress').slice(-3)).toEqual([8 / 60, null, null]);
    expect(lastHour({ ...state, minutes: {} })).toEqual({ times: [], minutes: [] });
  });

  it('has two ways, and deletions are neither', () => {
    expect(bothWays({ GET: ends(1), DELETE: ends(9), UPLOAD: ends(4), PUT: ends(3) })).toEqual({ ingress: 7, egress: 1 });
  });
});

it('counts are nothing where nothing happened, and unknown where nobody knows', () => {
  const rate = (at: string, nodes: number) => ({ at, nodes, rates: null });
  const answer = {
    points: [
      { at: '2026-11-26T10:00:00Z', action: 'GET', outcome: 'success', count: 3, bytes: 30 },
      { at: '2026-11-26T10:00:00Z', action: 'GET_AUDIT', outcome: 'success', count: 1, bytes: 1 },
      { at: '2026-11-26T10:02:00Z', action: null, outcome: 'rejected', count: 2, bytes: null },
    ],
    rates: [rate('2026-11-26T10:00:00Z', 1), rate('2026-11-26T10:01:00Z', 0), rate('2026-11-26T10:02:00Z', 1)],
  } as unknown as TrafficAnswer;
  const { times, columns } = over(answer, (_, outcome) => outcome);
  expect(times).toHaveLength(3);
  expect(columns.get('success')).toEqual([4, null, 0]);
  expect(columns.get('rejected')).toEqual([0, null, 2]);
});

it('what was done is counted by action, and what was turned away by itself', () => {
  const point = (action: string | null, outcome: string, count: number, bytes: number | null) => ({ at: '2026-11-26T10:00:00Z', action, outcome, count, bytes });
  const points = [point('GET', 'success', 3, 30), point('GET', 'success', 2, 20), point('GET', 'canceled', 4, 7), point('GET', 'failed', 1, 0), point(null, 'rejected', 9, null)];
  expect(byActionOf({ points } as unknown as TrafficAnswer)).toEqual({
    'GET': { count: 10, success: 5, bytes: 50, canceled: 4, failed: 1, success_rate: 0.5 },
    // Of what never began nothing ended well or badly.
    '(turned away)': { count: 9, success: 0, bytes: 0, rejected: 9 },
  });
});

it('stacked series are sums that keep gaps', () => {
  expect(stacked(3, [{ values: [1, null, 2] }, { values: [1, null, null] }])).toEqual([[1, null, 2], [2, null, 2]]);
});

it('a disk is as full as what it holds', () => {
  expect(fullness({ used_bytes: 3, trash_bytes: 1, total_bytes: 8 })).toBe(0.5);
  expect(fullness({ used_bytes: 3, available_bytes: 1 })).toBe(0.75);
  // What else lies on the disk leaves no room either.
  expect(fullness({ used_bytes: 3, trash_bytes: 1, total_bytes: 8, available_bytes: 2 })).toBe(0.75);
  expect(fullness({ available_bytes: 1 })).toBeUndefined();
  expect(fullness({ used_bytes: 1 })).toBeUndefined();
});
