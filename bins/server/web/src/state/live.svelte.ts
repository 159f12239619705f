// The live states, as something that is watched.

import { untrack } from 'svelte';
import { ask } from '../api/ask';
import { clientOf } from '../protocol/browser';
import { USUAL_HZ, type Topic } from '../protocol/topic';
import type { Connection, Shown } from '../protocol/world';

const client = clientOf(location, () => {
  // If nobody is signed in any more this leads to where one does.
  ask('/api/v1/nodes', {}).catch(() => {});
});

let current = $state.raw<Connection>(undefined as unknown as Connection);
let starts = $state(0);
let broken = $state(false);
let epoch: string | undefined;
client.watch((connection) => {
  if (epoch !== undefined && connection.epoch !== epoch) starts += 1;
  epoch = connection.epoch;
  if (connection.state !== 'connecting') broken = connection.state === 'waiting';
  current = connection;
});

/** Begins to listen: when the page is there, since without it nobody would. */
export function begin(): void {
  client.start();
}

/** How the connection is. */
export function connection(): Connection {
  return current;
}

/** Whether the last try to connect failed, or the connection broke off, and none is there since. */
export function isBroken(): boolean {
  return broken;
}

/** How often the server has started anew since the page was opened: what it answered before may not hold. */
export function restarts(): number {
  return starts;
}

/** Tries to connect now. */
export function reconnect(): void {
  client.hurry();
}

/** Waits for the first state of a topic of these nodes: `done` when it is there. Whoever waits no longer leaves. */
export function arrived(topic: Topic, nodes: readonly string[]): { done: Promise<void>; leave: () => void } {
  let isThere = () => {};
  const done = new Promise<void>((resolve) => (isThere = resolve));
  const leave = client.subscribe(topic, nodes, ({ state }) => state !== undefined && isThere(), USUAL_HZ[topic]);
  return { done, leave };
}

/** A live state. */
export interface Live<T> {
  /** Undefined before the first. */
  readonly state: T | undefined;
  /** It is of before the connection broke off. */
  readonly isStale: boolean;
  /** Why there is none. */
  readonly fault: string | undefined;
}

/** Watches a topic of these nodes for as long as the component lives that asks; nothing while there are none to watch. */
export function live<T>(topic: Topic, nodes: () => readonly string[] | undefined, maxHz = USUAL_HZ[topic]): Live<T> {
  // What is there already is drawn at once, with nothing in its place before.
  let shown = $state.raw<Shown>(untrack(() => client.peek(topic, nodes() ?? [], maxHz)));
  $effect(() => {
    const watched = nodes();
    return watched && client.subscribe(topic, watched, (what) => (shown = what), maxHz);
  });
  return {
    get state() {
      return shown.state as T | undefined;
    },
    get isStale() {
      return shown.isStale;
    },
    get fault() {
      return shown.fault;
    },
  };
}
