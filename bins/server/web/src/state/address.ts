// What the address bar says: the view, the nodes, the window, and what a view is asked besides.

import { NODES_MAX } from '../protocol/topic';

export const VIEWS = [
  'overview',
  'traffic',
  'latency',
  'earnings',
  'storage',
  'reputation',
  'errors',
  'transfers',
  'compare',
  'alerts',
  'status',
] as const;

export type View = (typeof VIEWS)[number];

/** The windows that are offered, each with its name. */
export const WINDOWS = { '1h': '1 hour', '6h': '6 hours', '24h': '24 hours', '7d': '7 days', '30d': '30 days' } as const;

/** Where the page is. */
export interface Place {
  view: View;
  /** None is all. */
  nodes: string[];
  /** How many nodes the address names besides: more than can be asked for. */
  leftOut: number;
  /** As `24h`; undefined is what the view itself shows. */
  window: string | undefined;
  /** The beginning and the end of a window of one's own, RFC 3339. */
  from: string | undefined;
  to: string | undefined;
  /** What the view is asked besides. */
  more: Record<string, string>;
}

const LENGTH = /^[1-9][0-9]{0,4}[mhd]$/;

/** The place that a fragment names: `#/traffic?nodes=attic,barn&window=7d`. What it does not know is the overview. */
export function placeOf(fragment: string): Place {
  const [path = '', query = ''] = fragment.replace(/^#?\/?/, '').split('?', 2);
  const view = VIEWS.find((known) => known === path) ?? 'overview';
  const place: Place = { view, nodes: [], leftOut: 0, window: undefined, from: undefined, to: undefined, more: {} };
  for (const pair of query.split('&')) {
    const at = pair.indexOf('=');
    if (at < 1) continue;
    const name = decoded(pair.slice(0, at));
    const value = pair.slice(at + 1);
    if (value === '') continue;
    if (name === 'nodes') {
      const named = [...new Set(value.split(',').map(decoded).filter(Boolean))];
      place.nodes = named.slice(0, NODES_MAX);
      place.leftOut = named.length - place.nodes.length;
    }
    else if (name === 'window') place.window = LENGTH.test(value) ? value : undefined;
    else if (name === 'from' || name === 'to') place[name] = instant(decoded(value));
    else place.more[name] = decoded(value);
  }
  return place;
}

/** Whether a place names a window of its own. */
export function isChosen({ window, from, to }: Place): boolean {
  return window !== undefined || from !== undefined || to !== undefined;
}

const UNITS = { m: 60, h: 3_600, d: 86_400 } as const;

/** How long the window of a place is, in seconds; undefined without one. */
export function lengthOf({ window, from, to }: Place, now: number): number | undefined {
  if (from !== undefined) return ((to === undefined ? now : Date.parse(to)) - Date.parse(from)) / 1000;
  return window === undefined ? undefined : Number.parseInt(window, 10) * UNITS[window.slice(-1) as keyof typeof UNITS];
}

/** The fragment that names a place. */
export function fragmentOf({ view, nodes, window, from, to, more }: Place): string {
  const said = [];
  // A comma in a name is written differently from one between names.
  if (nodes.length > 0) said.push(`nodes=${nodes.map(encodeURIComponent).join(',')}`);
  for (const [name, value] of Object.entries({ window, from, to, ...more })) {
    if (value !== undefined && value !== '') {
      said.push(`${encodeURIComponent(name)}=${encodeURIComponent(value).replaceAll('%3A', ':')}`);
    }
  }
  return `#/${view}${said.length === 0 ? '' : `?${said.join('&')}`}`;
}

/** What the questions of the server are asked with. */
export function asked({ nodes, window, from, to }: Place) {
  return { nodes, window, from, to };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

function instant(text: string): string | undefined {
  return Number.isNaN(Date.parse(text)) ? undefined : text;
}
