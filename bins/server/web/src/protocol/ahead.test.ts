// Claims about a connection that is opened ahead: whoever listens late misses nothing, and hears it in order.
import { afterEach, expect, it, vi } from 'vitest';
import { SocketAhead } from './ahead';

class FakeWebSocket {
  static readonly OPEN = 1;
  static last: FakeWebSocket;
  readyState = 1;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  constructor(readonly url: URL) {
    FakeWebSocket.last = this;
  }
}
vi.stubGlobal('WebSocket', FakeWebSocket);
afterEach(() => vi.unstubAllGlobals());

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
});
