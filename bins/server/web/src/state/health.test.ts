// Claims about how a node is shown to be.
import { expect, it } from 'vitest';
import type { AlertRow, OverviewNode, ReputationRow } from '../api/types/live';
import { healthOf, standingOf } from './health';

const node = (state?: string) =>
  ({ health: state === undefined ? undefined : { state, sentence: `it is ${state}` } }) as OverviewNode;
const alert = (level: 'warning' | 'critical', rule = 'disk') => ({ level, rule, sentence: rule }) as AlertRow;

it('is the worst of its log and its alerts', () => {
  expect(healthOf(node('lively'), [])).toEqual({ level: 'good', sentences: [] });
  expect(healthOf(node('lively'), [alert('warning')])).toEqual({ level: 'warn', sentences: ['disk'] });
  expect(healthOf(node('full_disk'), [])).toEqual({ level: 'note', sentences: ['it is full_disk'] });
  expect(healthOf(node('muted'), [alert('critical')])).toEqual({ level: 'bad', sentences: ['disk', 'it is muted'] });
});

it('says the same once', () => {
  expect(healthOf(node('stopped'), [alert('critical', 'silence')])).toEqual({ level: 'bad', sentences: ['silence'] });
});

it('is not known where nobody knows', () => {
  expect(healthOf(undefined, []).level).toBe('unknown');
  expect(healthOf(node(), []).level).toBe('unknown');
  expect(healthOf(node('something_new'), []).level).toBe('note');
});

it('tells what satellites do not think well of', () => {
  const limits = { audit: 0.96, suspension: 0.6, online: 0.6 };
  const row = (more: Partial<ReputationRow>): ReputationRow => ({ state: 'look', audit: 1, suspension: 1, online: 0.99, ...more });
  expect(standingOf({ us1: row({ state: 'well' }), eu1: row({ state: 'unknown' }) }, limits)).toBeUndefined();
  const standing = standingOf({ us1: row({ state: 'well' }), eu1: row({ audit: 0.9877 }) }, limits);
  expect(standing).toEqual({ level: 'note', sentences: ['Its audit score at eu1 is 98.77 (limit 96).'] });
  expect(healthOf(node('lively'), [], standing).level).toBe('note');
  const ended = standingOf({ eu1: row({ state: 'trouble', disqualified_at: '2026-11-01T00:00:00Z' }) }, limits);
  expect(ended).toEqual({ level: 'bad', sentences: ['eu1 has disqualified it.'] });
});
