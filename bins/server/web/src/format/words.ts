// Names of the server in words for people.

const ACTIONS: Record<string, string> = {
  GET: 'Download',
  PUT: 'Upload',
  GET_AUDIT: 'Audit',
  GET_REPAIR: 'Repair download',
  PUT_REPAIR: 'Repair upload',
  DELETE: 'Delete',
  GET_CONVERT: 'Conversion download',
  PUT_GRACEFUL_EXIT: 'Graceful exit',
  UPLOAD: 'Upload (kind unknown)',
  DOWNLOAD: 'Download (kind unknown)',
};

const CLOCKS: Record<string, string> = {
  'line ms': 'times in the log, to the millisecond',
  'docker ns': 'times that Docker wrote',
  'journal µs': 'times of the system journal',
  arrival: 'when lines arrived here',
  'whole seconds': 'times in the log, to whole seconds only',
};

/** An action: `GET_AUDIT` is an audit. */
export function action(name: string): string {
  return ACTIONS[name] ?? sentence(name);
}

const SHORT_CLOCKS: Record<string, string> = {
  'line ms': 'Log, ms',
  'docker ns': 'Docker',
  'journal µs': 'Journal',
  arrival: 'Arrival',
  'whole seconds': 'Seconds',
};

/** A clock of latencies in a word or two, for tables. */
export function shortClock(name: string): string {
  return SHORT_CLOCKS[name] ?? sentence(name);
}

/** What a clock of latencies is. */
export function clock(name: string): string {
  return CLOCKS[name] ?? name;
}

/** On which figure an amount is built that is not paid yet. */
export function estimate(basedOn: string): string {
  return basedOn === 'mixed' ? 'node and log estimates' : basedOn.replaceAll('_', ' ');
}

/** `used_space_walker` as `Used space walker`. */
export function sentence(name: string): string {
  const text = name.replaceAll('_', ' ').replace(/\b(gc|quic|ttl)\b/g, (word) => word.toUpperCase());
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Whether an action brings pieces to the node. */
export function isUpload(name: string): boolean {
  return name.startsWith('PUT') || name === 'UPLOAD';
}

/** Whether an action fetches pieces from the node. */
export function isDownload(name: string): boolean {
  return name.startsWith('GET') || name === 'DOWNLOAD';
}

/** The order in which actions are shown. */
export function byAction(one: string, other: string): number {
  const order = Object.keys(ACTIONS);
  const place = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length);
  return place(one) - place(other) || one.localeCompare(other);
}

/** Made when words are put in order first, and only then. */
let words: Intl.Collator | undefined;

/** Puts names in order as people count: `node2` before `node10`. */
export function byWords(one: string, other: string): number {
  words ??= new Intl.Collator(undefined, { numeric: true });
  return words.compare(one, other);
}

/** Made when a country is named first: to load the names takes as long as to draw a view. */
let regions: Intl.DisplayNames | undefined;

/** The name of a country; the server has codes of its own for what is none. */
export function country(code: string): string {
  switch (code) {
    case 'ZZ':
      return 'Unknown';
    case 'XP':
      return 'Private network';
    default:
      try {
        regions ??= new Intl.DisplayNames(['en'], { type: 'region', fallback: 'code' });
        return regions.of(code) ?? code;
      } catch {
        return code;
      }
  }
}
