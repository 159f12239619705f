// What each view asks the server to be told, by the frames that the page sends.

import { expect, test } from 'vitest';
import { ENTRIES } from '../src/views/all';
import { open, visit, VIEWS } from './browser';
import { pause, type Server } from './server';

/** Longer than the page keeps a subscription to which nobody listens. */
const LINGERED_MS = 2_500;

export function watching(server: Server): void {
  test('every view subscribes to what it is said to watch, once, and to nothing else', async () => {
    await Promise.all(
      VIEWS.map(async (view) => {
        const opened = await open();
        const sent: { op: string; topic?: string }[] = [];
        opened.page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => sent.push(JSON.parse(String(payload)))));
        await visit(opened, server, view);
        await pause(LINGERED_MS);
        // What is asked for and not used would be given up by now.
        expect(sent.filter(({ op }) => op !== 'subscribe'), view).toEqual([]);
        // The frame around every view counts the alerts.
        const said = [...new Set([...(ENTRIES[view].watches ?? []), 'alerts'])].sort();
        expect(sent.map(({ topic }) => topic).sort(), view).toEqual(said);
        await opened.page.context().close();
      }),
    );
  });
}
