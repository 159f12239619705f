// Whether logs tell of a month in whole.

import type { Month } from '../../api/types/money';

/** Whether there is an estimate by the logs that begin only after the month did. */
export function isOfPart({ period, log_estimate_micro_usd, log_from }: Pick<Month, 'period' | 'log_estimate_micro_usd' | 'log_from'>): boolean {
  return log_estimate_micro_usd !== null && log_from !== null && log_from.slice(0, 10) > `${period}-01`;
}
