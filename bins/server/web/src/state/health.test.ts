// Claims about how a node is shown to be.
import { expect, it } from 'vitest';
import type { AlertRow, OverviewNode } from '../api/types/live';
import { healthOf } from './health';

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
