// The client over the browser's own WebSocket.

import { SocketAhead } from './ahead';
import { LiveClient } from './client';
import { socketAhead } from './first';

/** A client of the server that the page came from. */
export function clientOf(place: Location, onRefused: () => void): LiveClient {
  const client = new LiveClient({
    connect: () => socketAhead() ?? new SocketAhead(new URL('/ws', place.href)),
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
