// What the client needs of the world, and what it tells it.

import type { JsonObject } from './merge';
import type { Wanted } from './topic';

/** As much of a WebSocket as is needed. */
export interface Socket {
  send(text: string): void;
  close(): void;
  /** What it asks for by itself, each by the number of its subscription. */
  readonly asked?: ReadonlyMap<number, Wanted>;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
}

/** What the client needs of the world. */
export interface World {
  connect: () => Socket;
  now: () => number;
  random: () => number;
  setTimer: (run: () => void, ms: number) => number;
  clearTimer: (timer: number) => void;
  /** Called when a connection could not be had: perhaps nobody is signed in any more. */
  onRefused?: () => void;
}

/** How the connection is. */
export interface Connection {
  state: 'connecting' | 'live' | 'waiting';
  /** When the next try is, in milliseconds of the clock. */
  retryAt: number | undefined;
  /** Why it is not live, as far as the server said. */
  reason: string | undefined;
  epoch: string | undefined;
  version: string | undefined;
  /** The server speaks what this page does not understand: it is of another version. */
  isForeign: boolean;
  load: number;
  /** The server's clock minus this one, in milliseconds. */
  skewMs: number;
}

/** What a subscription shows. */
export interface Shown {
  state: JsonObject | undefined;
  /** It is of before the connection broke off. */
  isStale: boolean;
  /** Why there is none. */
  fault: string | undefined;
}
