// A connection that is opened before there is a client: what it says until then is kept for it.

import { subscribeText, type Wanted } from './topic';
import type { Socket } from './world';

/** What is kept for whoever listens, in messages and in letters: of more nobody seems to come, and a new connection is told all anew. */
export const KEPT_MAX = 64;
export const LETTERS_MAX = 4 << 20;

/** A socket that listens from its first moment, and tells all of it to whoever listens first. */
export class SocketAhead implements Socket {
  #socket: WebSocket;
  /** What nobody has heard yet; undefined once somebody listened. */
  #kept: { data: unknown }[] | undefined = [];
  #letters = 0;
  #listener: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;
  readonly asked: ReadonlyMap<number, Wanted>;
  /** When it is open and has asked, or is over. */
  readonly opened: Promise<void>;

  /** Asks for these as soon as it is open. */
  constructor(url: URL, wants: readonly Wanted[] = []) {
    this.asked = new Map(wants.map((wants, index) => [index + 1, wants]));
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    url.hash = '';
    this.#socket = new WebSocket(url);
    let open = (): void => {};
    this.opened = new Promise((done) => (open = done));
    this.#socket.onopen = () => {
      for (const [sub, wants] of this.asked) this.send(subscribeText(sub, wants));
      open();
    };
    this.#socket.onmessage = ({ data }) => {
      if (this.#kept === undefined) this.#listener?.({ data });
      else if (!this.isOver) this.#keep(this.#kept, data);
    };
    this.#socket.onclose = (event) => {
      open();
      this.onclose?.(event);
    };
  }

  #keep(kept: { data: unknown }[], data: unknown): void {
    kept.push({ data });
    this.#letters += typeof data === 'string' ? data.length : 0;
    if (kept.length <= KEPT_MAX && this.#letters <= LETTERS_MAX) return;
    this.#kept = [];
    this.close();
  }

  /** Whether it closed already, or does so. */
  get isOver(): boolean {
    return this.#socket.readyState > WebSocket.OPEN;
  }

  get onmessage(): Socket['onmessage'] {
    return this.#listener;
  }

  set onmessage(listener: Socket['onmessage']) {
    this.#listener = listener;
    const kept = this.#kept;
    if (listener === null || kept === undefined) return;
    this.#kept = undefined;
    // Not within the assignment, as no socket speaks then; and before anything newer.
    queueMicrotask(() => {
      for (const event of kept) this.#listener?.(event);
    });
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  close(): void {
    this.#socket.close();
  }
}
