// Claims about a connection that is opened ahead: whoever listens late misses nothing, hears it in order, and asks for nothing twice.
import { afterAll, describe, expect, it, vi } from 'vitest';
import { KEPT_MAX, LETTERS_MAX, SocketAhead } from './ahead';
import { LiveClient } from './client';
import * as recorded from './recorded';
import { wanted } from './topic';
import type { Shown } from './world';

class FakeWebSocket {
  static readonly OPEN = 1;
  static last: FakeWebSocket;
  readyState = 1;
  sent: unknown[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  constructor(readonly url: URL) {
    FakeWebSocket.last = this;
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(): void {
    this.readyState = 2;
  }
}
vi.stubGlobal('WebSocket', FakeWebSocket);
afterAll(() => vi.unstubAllGlobals());

it('keeps what was said before somebody listened', async () => {
  const ahead = new SocketAhead(new URL('https://nodes.example/ws#/traffic'));
  const below = FakeWebSocket.last;
  expect(below.url.href).toBe('wss://nodes.example/ws');
  below.onmessage?.({ data: 'hello' });
  const heard: unknown[] = [];
  ahead.onmessage = ({ data }) => heard.push(data);
  expect(heard).toEqual([]);
  await Promise.resolve();
  below.onmessage?.({ data: 'more' });
  expect(heard).toEqual(['hello', 'more']);
  // Who listens no more is told nothing, and nothing is kept.
  ahead.onmessage = null;
  below.onmessage?.({ data: 'lost' });
  ahead.onmessage = ({ data }) => heard.push(data);
  await Promise.resolve();
  expect(heard).toEqual(['hello', 'more']);
  expect(ahead.isOver).toBe(false);
  below.readyState = 2;
  expect(ahead.isOver).toBe(true);
  // Whoever waits for it to open waits no longer.
  below.onclose?.({ code: 1006, reason: '' });
  await ahead.opened;
});

it('is closed, and keeps nothing, when nobody listens for long', async () => {
  for (const [data, fits] of [['a', KEPT_MAX], ['a'.repeat(LETTERS_MAX / 4), 4]] as const) {
    const ahead = new SocketAhead(new URL('https://nodes.example/ws'));
    const below = FakeWebSocket.last;
    for (let told = 0; told < fits; told += 1) below.onmessage?.({ data });
    expect(ahead.isOver).toBe(false);
    below.onmessage?.({ data });
    expect(ahead.isOver).toBe(true);
    below.onmessage?.({ data });
    const heard: unknown[] = [];
    ahead.onmessage = ({ data }) => heard.push(data);
    await Promise.resolve();
    expect(heard).toEqual([]);
  }
});

describe('what is asked ahead', () => {
  const PLACE = new URL('https://nodes.example/ws');
  /** A client that comes when the snapshot of `overview` is there, with its timers. */
  async function late() {
    const ahead = new SocketAhead(PLACE, [wanted('overview', ['attic'], 5), wanted('alerts', [])]);
    const below = FakeWebSocket.last;
    expect(below.sent).toEqual([]);
    below.onopen?.();
    await ahead.opened;
    for (const data of [recorded.HELLO, recorded.SUBSCRIBED, recorded.SNAPSHOT]) below.onmessage?.({ data });
    const sockets = [ahead];
    const timers: (() => void)[] = [];
    const client = new LiveClient({
      connect: () => sockets.pop() ?? new SocketAhead(PLACE),
      now: () => 0,
      random: () => 1,
      setTimer: (run) => timers.push(run),
      clearTimer: (timer) => void (timers[timer - 1] = () => {}),
    });
    client.start();
    await Promise.resolve();
    return { client, below, pass: () => [...timers].forEach((run) => run()) };
  }

  it('is said when the connection is open, and there for whoever wants it', async () => {
    const { client, below } = await late();
    expect(client.peek('overview', ['attic'], 5).state).toEqual(recorded.OVERVIEW);
    expect(client.peek('overview', [], 5).state).toBeUndefined();
    let shown: Shown | undefined;
    client.subscribe('overview', ['attic'], (what) => (shown = what), 5);
    client.subscribe('storage', [], () => {});
    expect(shown?.state).toEqual(recorded.OVERVIEW);
    expect(below.sent).toEqual([
      { op: 'subscribe', sub: 1, topic: 'overview', nodes: ['attic'], max_hz: 5 },
      { op: 'subscribe', sub: 2, topic: 'alerts', nodes: [] },
      { op: 'subscribe', sub: 3, topic: 'storage', nodes: [] },
    ]);
  });

  it('is given up when nobody wants it', async () => {
    const { client, below, pass } = await late();
    client.subscribe('overview', ['attic'], () => {}, 5);
    below.sent = [];
    pass();
    expect(below.sent).toContainEqual({ op: 'unsubscribe', sub: 2 });
    expect(below.sent).not.toContainEqual({ op: 'unsubscribe', sub: 1 });
  });

  it('is asked for again of another connection, as long as somebody wants it', async () => {
    const { client, below, pass } = await late();
    client.subscribe('overview', ['attic'], () => {}, 5);
    below.onclose?.({ code: 1006, reason: '' });
    pass();
    expect(FakeWebSocket.last).not.toBe(below);
    FakeWebSocket.last.onmessage?.({ data: recorded.HELLO });
    expect(FakeWebSocket.last.sent).toEqual([{ op: 'subscribe', sub: 1, topic: 'overview', nodes: ['attic'], max_hz: 5 }]);
  });
});
