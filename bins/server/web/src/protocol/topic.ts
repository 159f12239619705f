// The topics that the server tells, and how a subscription is known.

export type Topic =
  | 'overview'
  | 'traffic'
  | 'satellites'
  | 'latency'
  | 'transfers'
  | 'storage'
  | 'reputation'
  | 'earnings'
  | 'compactions'
  | 'alerts'
  | 'status';

/** How many nodes a subscription can name; none means all. */
export const NODES_MAX = 200;

/** How often a second a topic is told, where a view does not want it otherwise: nobody reads faster. */
export const USUAL_HZ: Partial<Record<Topic, number>> = { overview: 5, traffic: 1, satellites: 1, transfers: 2, status: 1 };

/** What a subscription asks for. */
export interface Wanted {
  topic: Topic;
  /** Sorted, each once; none is all. */
  nodes: readonly string[];
  maxHz: number | undefined;
}

/** Puts nodes in order, so that the same ones are one subscription. More than can be named are all. */
export function wanted(topic: Topic, nodes: readonly string[], maxHz?: number): Wanted {
  const sorted = [...new Set(nodes)].sort();
  return { topic, nodes: sorted.length > NODES_MAX ? [] : sorted, maxHz };
}

/** What is the same for two that can share one. */
export function keyOf({ topic, nodes, maxHz }: Wanted): string {
  return JSON.stringify([topic, maxHz ?? 0, ...nodes]);
}

/** How a subscription is said. */
export function subscribeText(sub: number, { topic, nodes, maxHz }: Wanted): string {
  const rate = maxHz === undefined ? {} : { max_hz: maxHz };
  return JSON.stringify({ op: 'subscribe', sub, topic, nodes, ...rate });
}
