// Claims about curves of scores: they hold until the next one, end where nobody told any more, and say what was told.
import { expect, it } from 'vitest';
import { scoresOver } from './scores';

const at = (day: number) => `2026-11-${String(day).padStart(2, '0')}T00:00:00Z`;
const told = (day: number, online: number) => ({ at: at(day), audit: 1, suspension: 1, online });

it('holds a score for as long as it was told, and marks where', () => {
  const { times, series } = scoresOver(
    [
      { satellite: 'us1', told_at: at(9), history: [told(1, 0.5), told(5, 0.75)] },
      { satellite: 'eu1', told_at: at(3), history: [told(2, 1)] },
      { satellite: 'ap1', told_at: at(9), history: [] },
    ],
    'online',
    at(9),
  );
  expect(times.map((time) => new Date(time * 1000).getUTCDate())).toEqual([1, 2, 3, 5, 9]);
  expect(series.map(({ label, values }) => [label, values])).toEqual([
    ['us1', [50, 50, 50, 75, 75]],
    ['eu1', [null, 100, 100, null, null]],
  ]);
  expect(series.map(({ told }) => told)).toEqual([
    [true, false, false, true, true],
    [false, true, true, false, false],
  ]);
});

it('ends with the window what was told after it, too, and marks nothing there', () => {
  const { times, series } = scoresOver(
    [
      { satellite: 'us1', told_at: at(20), history: [told(1, 0.5), told(5, 0.75)] },
      { satellite: 'eu1', told_at: at(6), history: [told(2, 1)] },
      { satellite: 'ap1', told_at: at(20), history: [told(7, 1)] },
    ],
    'online',
    at(7),
  );
  expect(times.map((time) => new Date(time * 1000).getUTCDate())).toEqual([1, 2, 5, 6, 7]);
  expect(series.map(({ values }) => values)).toEqual([
    [50, 50, 75, 75, 75],
    [null, 100, 100, 100, null],
    [null, null, null, null, 100],
  ]);
  expect(series.map(({ told }) => told)).toEqual([
    [true, false, true, false, false],
    [false, true, false, true, false],
    [false, false, false, false, true],
  ]);
});
