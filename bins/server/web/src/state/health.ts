// How a node is, at a glance: the worst of what its log and its alerts say.

import type { AlertRow, OverviewNode } from '../api/types/live';

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

/** How a node is, by its row of the overview and the alerts that last. */
export function healthOf(node: OverviewNode | undefined, alerts: readonly AlertRow[]): Health {
  const silence = node?.health;
  let level: Level = silence === undefined ? 'unknown' : (SILENCES[silence.state] ?? 'note');
  const sentences: string[] = [];
  for (const alert of alerts) {
    level = worse(level, alert.level === 'critical' ? 'bad' : 'warn');
    sentences.push(alert.sentence);
  }
  const isTold = alerts.some(({ rule }) => rule === 'silence');
  if (silence !== undefined && silence.state !== 'lively' && !isTold) sentences.push(silence.sentence);
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
