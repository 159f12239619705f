// What views add up from what the server tells.

import type { TrafficAnswer } from '../api/types/http';
import type { Disk, Ends, TrafficState } from '../api/types/live';
import { isDownload, isUpload } from '../format/words';

/** Bytes that moved each way. */
export interface Both {
  ingress: number;
  egress: number;
}

/** Bytes that moved each way, of transfers that succeeded. */
export function bothWays(actions: Record<string, Ends>): Both {
  const both = { ingress: 0, egress: 0 };
  for (const [action, { bytes }] of Object.entries(actions)) {
    if (isUpload(action)) both.ingress += bytes;
    if (isDownload(action)) both.egress += bytes;
  }
  return both;
}

const MINUTE = 60_000;

/**
 * The minutes of the last hour that are over, in order. In one between two that are known nothing happened;
 * after the last of them the logs may not be read yet: that is undefined.
 */
export function lastHour(state: TrafficState): { times: number[]; minutes: (Record<string, Ends> | undefined)[] } {
  const known = new Map(Object.entries(state.minutes).map(([at, actions]) => [Date.parse(at), actions]));
  const first = Math.min(...known.keys());
  const last = Math.max(...known.keys());
  const times: number[] = [];
  const minutes: (Record<string, Ends> | undefined)[] = [];
  for (let at = first; at < Date.parse(state.minute); at += MINUTE) {
    times.push(at / 1000);
    minutes.push(known.get(at) ?? (at < last ? {} : undefined));
  }
  return { times, minutes };
}

/** How fast bytes moved in each minute, in bits a second. */
export function bitsOf(minutes: readonly (Record<string, Ends> | undefined)[], way: keyof Both): (number | null)[] {
  return minutes.map((actions) => (actions === undefined ? null : (bothWays(actions)[way] * 8) / 60));
}

export const OUTCOMES = ['success', 'canceled', 'failed', 'rejected'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** How many of an outcome there are. */
export function countOf(ends: Ends, outcome: Outcome): number {
  return ends[outcome] ?? 0;
}

/** What was done in a window, by action. Uploads that were turned away have none: they are one row. */
export function byActionOf(answer: TrafficAnswer): Record<string, Ends> {
  const actions: Record<string, Ends> = {};
  for (const { action, outcome, count, bytes } of answer.points) {
    const ends = (actions[action ?? '(turned away)'] ??= { count: 0, success: 0, bytes: 0 });
    ends.count += count;
    const of = outcome as Outcome;
    ends[of] = (ends[of] ?? 0) + count;
    if (of === 'success') ends.bytes += bytes ?? 0;
  }
  for (const ends of Object.values(actions)) {
    const ended = ends.count - (ends.rejected ?? 0);
    if (ended > 0) ends.success_rate = ends.success / ended;
  }
  return actions;
}

/** Counts over time, by what `group` makes of a point; null where the server knows nothing of the time. */
export function over<Key extends string>(
  answer: TrafficAnswer,
  group: (action: string | null, outcome: string) => Key | undefined,
  value: 'count' | 'bytes' = 'count',
): { times: number[]; columns: Map<Key, (number | null)[]> } {
  const times = answer.rates.map(({ at }) => Date.parse(at) / 1000);
  const isKnown = answer.rates.map(({ nodes }) => nodes > 0);
  const place = new Map(times.map((time, index) => [time, index]));
  const columns = new Map<Key, (number | null)[]>();
  for (const point of answer.points) {
    const key = group(point.action, point.outcome);
    const index = place.get(Date.parse(point.at) / 1000);
    if (key === undefined || index === undefined) continue;
    let column = columns.get(key);
    if (column === undefined) {
      column = isKnown.map((known) => (known ? 0 : null));
      columns.set(key, column);
    }
    column[index] = (column[index] ?? 0) + (point[value] ?? 0);
  }
  return { times, columns };
}

/** How full a disk is, 0 to 1: all but what is free, as far as that is told; otherwise what is held and trash. */
export function fullness({ used_bytes, trash_bytes, total_bytes, available_bytes }: Disk): number | undefined {
  const held = used_bytes === undefined ? undefined : used_bytes + (trash_bytes ?? 0);
  const sum = held === undefined || available_bytes === undefined ? undefined : held + available_bytes;
  const total = total_bytes ?? sum;
  if (total === undefined || total <= 0) return undefined;
  const taken = available_bytes === undefined ? held : total - available_bytes;
  return taken === undefined ? undefined : Math.min(1, Math.max(0, taken / total));
}
