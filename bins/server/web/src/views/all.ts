// The views: what each is called, and where it is loaded from when it is looked at first.

import type { Component } from 'svelte';
import type { Topic } from '../protocol/topic';
import { isChosen, type Place, type View } from '../state/address';

interface Entry {
  title: string;
  /** The window that the view shows unless another is chosen; undefined where it shows none. */
  window?: string;
  /** What the view watches from its beginning, of the chosen nodes: it is asked for before the view is there. */
  watches?: readonly Topic[];
  /** And besides, as long as no window is chosen: what was in one is asked for instead. */
  watchesLately?: readonly Topic[];
  load: () => Promise<Loaded>;
}

/** A view as its file holds it. */
export interface Loaded {
  default: Component;
}

export const ENTRIES: Record<View, Entry> = {
  overview: { title: 'Overview', window: '24 hours', watches: ['overview', 'traffic', 'alerts', 'reputation'], load: () => import('./Overview.svelte') },
  traffic: { title: 'Traffic', window: '24 hours', watches: ['traffic', 'satellites'], load: () => import('./Traffic.svelte') },
  latency: { title: 'Latency', window: '24 hours', watches: ['latency'], load: () => import('./Latency.svelte') },
  earnings: { title: 'Earnings', watches: ['earnings'], load: () => import('./Earnings.svelte') },
  storage: { title: 'Storage', window: '30 days', watches: ['storage'], watchesLately: ['compactions'], load: () => import('./Storage.svelte') },
  reputation: { title: 'Reputation', window: '30 days', watches: ['reputation'], load: () => import('./Reputation.svelte') },
  errors: { title: 'Errors and pieces', window: '24 hours', load: () => import('./Errors.svelte') },
  transfers: { title: 'Transfers', window: '24 hours', watches: ['transfers'], load: () => import('./Transfers.svelte') },
  compare: { title: 'Compare', window: '24 hours', load: () => import('./Compare.svelte') },
  alerts: { title: 'Alerts', window: '30 days', watches: ['alerts'], load: () => import('./Alerts.svelte') },
  status: { title: 'Status', window: '24 hours', watches: ['status'], load: () => import('./Status.svelte') },
};

/** What the view of a place watches from its beginning. */
export function watchedAt(place: Place): readonly Topic[] {
  const { watches = [], watchesLately = [] } = ENTRIES[place.view];
  return isChosen(place) ? watches : [...watches, ...watchesLately];
}

const there = new Map<View, Loaded>();

/** A view; at once where it was loaded before, so that it is drawn with nothing in its place until then. */
export function viewOf(view: View): Loaded | Promise<Loaded> {
  return (
    there.get(view) ??
    ENTRIES[view].load().then((loaded) => {
      there.set(view, loaded);
      return loaded;
    })
  );
}
