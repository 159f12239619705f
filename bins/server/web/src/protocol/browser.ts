// The client over the browser's own WebSocket.

import { LiveClient } from './client';
import type { Socket } from './world';

/** A client of the server that the page came from. */
export function clientOf(place: Location, onRefused: () => void): LiveClient {
  const url = new URL('/ws', place.href);
  url.protocol = place.protocol === 'https:' ? 'wss:' : 'ws:';
  url.hash = '';
  const client = new LiveClient({
    connect: () => new WebSocket(url) as unknown as Socket,
    now: () => Date.now(),
    random: () => Math.random(),
    setTimer: (run, ms) => window.setTimeout(run, ms),
    clearTimer: (timer) => window.clearTimeout(timer),
    onRefused,
  });
  const look = () => client.setHidden(document.visibilityState === 'hidden');
  document.addEventListener('visibilitychange', look);
  window.addEventListener('online', () => client.hurry());
  window.addEventListener('offline', () => client.lost('this device is offline'));
  look();
  return client;
}
