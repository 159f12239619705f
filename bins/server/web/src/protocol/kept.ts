// States of subscriptions that ended: what was seen lately can be shown again while the server is away.

import type { JsonObject } from './merge';
import type { Wanted } from './topic';

/** How long before the break a state may have been left. */
const LATELY_MS = 60_000;
/** As many as a walk through all views leaves. */
const KEPT_MAX = 24;

/** The last states by topic and nodes, at whatever rate they came. */
export class Kept {
  #states = new Map<string, { state: JsonObject; at: number }>();

  put(of: Wanted, state: JsonObject, at: number): void {
    const key = nameOf(of);
    // Again at the end: the first one is the oldest.
    this.#states.delete(key);
    this.#states.set(key, { state, at });
    const [oldest] = this.#states.keys();
    if (this.#states.size > KEPT_MAX && oldest !== undefined) this.#states.delete(oldest);
  }

  /** The state, if somebody looked at it not long before the connection broke off. */
  get(of: Wanted, brokeAt: number): JsonObject | undefined {
    const kept = this.#states.get(nameOf(of));
    return kept === undefined || kept.at < brokeAt - LATELY_MS ? undefined : kept.state;
  }

  clear(): void {
    this.#states.clear();
  }
}

function nameOf({ topic, nodes }: Wanted): string {
  return JSON.stringify([topic, ...nodes]);
}
