// The order of transfers as they come.

import { byTime } from '../../format/time';

/** The newest first; of one moment by their names, so that they stay where they are. */
export function newestFirst(one: { at: string; name: string }, other: { at: string; name: string }): number {
  return byTime(other.at, one.at) || (one.name < other.name ? -1 : 1);
}
