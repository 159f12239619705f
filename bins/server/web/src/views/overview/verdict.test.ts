// Claims about what is said of all nodes at once.
import { expect, it } from 'vitest';
import type { AlertRow, OverviewNode } from '../../api/types/live';
import type { Level } from '../../state/health';
import { verdict, type Seen } from './verdict';

const lively = { health: { state: 'lively', sentence: '' } } as OverviewNode;
const seen = (level: Level, node: OverviewNode | undefined = lively): Seen => ({ name: level, node, health: { level, sentences: [] } });
const without = (level: Level): Seen => ({ name: level, node: undefined, health: { level, sentences: [] } });
const alert = { level: 'warning' } as AlertRow;

it('says that all are well only if all are known to be', () => {
  expect(verdict([seen('good'), seen('note')], 2, [], [])).toEqual({ level: 'good', headline: 'All 2 nodes are well' });
  expect(verdict([seen('good'), seen('good'), seen('unknown', {} as OverviewNode)], 3, [], [])).toEqual({ level: 'note', headline: '2 nodes well, 1 not known yet' });
  expect(verdict([seen('good')], 500, [], [])).toEqual({ level: 'note', headline: '1 node well; 1 of 500 nodes looked at' });
  expect(verdict([seen('good')], 1, [], ['alerts', 'scores'])).toEqual({ level: 'unknown', headline: 'No trouble in what is known; alerts and scores not known yet' });
  expect(verdict([seen('unknown', {} as OverviewNode)], 1, [], []).level).toBe('unknown');
});

it('counts a node that has an alert and no row', () => {
  expect(verdict([seen('good'), without('bad')], 500, [], [])).toEqual({ level: 'bad', headline: '1 of 500 nodes needs a look; 1 of 500 nodes looked at' });
});

it('tells of Piecewatch itself', () => {
  expect(verdict([seen('good')], 1, [alert], [])).toEqual({ level: 'warn', headline: 'The nodes are well; Piecewatch itself is not' });
  expect(verdict([seen('good')], 1, [alert], ['alerts']).headline).toBe('Piecewatch itself needs a look; alerts not known yet');
});
