// How a node is, at a glance: the worst of what its log and its alerts say.

import type { AlertRow, Judgement, OverviewNode, ReputationRow, Score } from '../api/types/live';
import { decimal } from '../format/number';

export type Level = 'good' | 'note' | 'warn' | 'bad' | 'unknown';

const SILENCES: Record<string, Level> = {
  lively: 'good',
  full_disk: 'note',
  no_uploads: 'note',
  muted: 'warn',
  no_transfers: 'warn',
  no_traffic: 'warn',
  no_lines: 'warn',
  only_errors: 'bad',
  stopped: 'bad',
};

const ORDER: Level[] = ['unknown', 'good', 'note', 'warn', 'bad'];

/** The worse of two. */
export function worse(one: Level, other: Level): Level {
  return ORDER.indexOf(one) >= ORDER.indexOf(other) ? one : other;
}

/** How a node is, and what there is to say about it. */
export interface Health {
  level: Level;
  sentences: string[];
}

/** What a judgement is worth. What needs a look has not come to an alert: it is worth knowing, no more. */
export const JUDGEMENTS: Record<Judgement, Level> = { well: 'good', look: 'note', trouble: 'bad', unknown: 'unknown' };

/** What satellites think of a node, where they do not think well; undefined where they do. */
export function standingOf(satellites: Readonly<Record<string, ReputationRow>>, limits: Readonly<Record<Score, number>>): Health | undefined {
  let level: Level = 'good';
  const sentences: string[] = [];
  for (const [satellite, row] of Object.entries(satellites)) {
    if (row.state !== 'look' && row.state !== 'trouble') continue;
    level = worse(level, JUDGEMENTS[row.state]);
    const ended =
      (row.disqualified_at && 'has disqualified it') ||
      (row.suspended_at && 'has suspended it') ||
      (row.offline_suspended_at && 'has suspended it for being offline');
    if (ended) sentences.push(`${satellite} ${ended}.`);
    else {
      const [score, value] = nearest(row, limits);
      sentences.push(value === undefined ? `${satellite} does not think well of it.` : `Its ${score} score at ${satellite} is ${decimal(value * 100, 2)} (limit ${decimal(limits[score] * 100)}).`);
    }
  }
  return level === 'good' ? undefined : { level, sentences };
}

/** The score that has lost the largest part of what lies between the best and its limit. */
function nearest(row: ReputationRow, limits: Readonly<Record<Score, number>>): [Score, number | undefined] {
  const lost = (name: Score) => (1 - (row[name] ?? 1)) / Math.max(1e-9, 1 - limits[name]);
  const [worst = 'audit'] = (['audit', 'suspension', 'online'] satisfies Score[]).sort((one, other) => lost(other) - lost(one));
  return [worst, row[worst]];
}

/** How a node is, by its row of the overview, the alerts that last, and what satellites think of it. */
export function healthOf(node: OverviewNode | undefined, alerts: readonly AlertRow[], standing?: Health): Health {
  const silence = node?.health;
  let level: Level = silence === undefined ? 'unknown' : (SILENCES[silence.state] ?? 'note');
  const sentences: string[] = [];
  for (const alert of alerts) {
    level = worse(level, alert.level === 'critical' ? 'bad' : 'warn');
    sentences.push(alert.sentence);
  }
  const isTold = alerts.some(({ rule }) => rule === 'silence');
  if (silence !== undefined && silence.state !== 'lively' && !isTold) sentences.push(silence.sentence);
  if (standing !== undefined) {
    level = worse(level, standing.level);
    sentences.push(...standing.sentences);
  }
  return { level, sentences };
}

/** What a level is called. */
export function levelName(level: Level): string {
  switch (level) {
    case 'good':
      return 'Well';
    case 'note':
      return 'Note';
    case 'warn':
      return 'Look';
    case 'bad':
      return 'Trouble';
    case 'unknown':
      return 'Unknown';
  }
}
