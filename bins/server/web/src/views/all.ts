// The views: what each is called, and where it is loaded from when it is looked at first.

import type { Component } from 'svelte';
import type { View } from '../state/address';

interface Entry {
  title: string;
  load: () => Promise<{ default: Component }>;
}

export const ENTRIES: Record<View, Entry> = {
  overview: { title: 'Overview', load: () => import('./Overview.svelte') },
  traffic: { title: 'Traffic', load: () => import('./Traffic.svelte') },
  latency: { title: 'Latency', load: () => import('./Latency.svelte') },
  earnings: { title: 'Earnings', load: () => import('./Earnings.svelte') },
  storage: { title: 'Storage', load: () => import('./Storage.svelte') },
  reputation: { title: 'Reputation', load: () => import('./Reputation.svelte') },
  errors: { title: 'Errors and pieces', load: () => import('./Errors.svelte') },
  transfers: { title: 'Transfers', load: () => import('./Transfers.svelte') },
  compare: { title: 'Compare', load: () => import('./Compare.svelte') },
  alerts: { title: 'Alerts', load: () => import('./Alerts.svelte') },
  status: { title: 'Status', load: () => import('./Status.svelte') },
};
