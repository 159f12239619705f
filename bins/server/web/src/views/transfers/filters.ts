// What transfers may be picked by, as the address bar says it and the server is asked.

import type { Place } from '../../state/address';

/** What may be said of the transfers that are wanted: by the names of the server. */
export const FILTERS = ['action', 'outcome', 'class', 'satellite', 'country', 'piece'] as const;

/** The filters of a place. */
export function filtersOf({ more }: Place): Record<(typeof FILTERS)[number], string | undefined> {
  const [action, outcome, reason, satellite, country, piece] = FILTERS.map((name) => more[name] || undefined);
  return { action, outcome, class: reason, satellite, country, piece };
}
