// What each view asks the server to be told, by the frames that the page sends.

import { expect, test } from 'vitest';
import { watchedAt } from '../src/views/all';
import { placeOf } from '../src/state/address';
import { open, settled, visit, VIEWS, type Opened } from './browser';
import { pause, until, type Server } from './server';

/** Longer than the page keeps a subscription to which nobody listens. */
const LINGERED_MS = 2_500;

interface Sent {
  op: string;
  sub: number;
  topic?: string;
}

/** The frames that a page will have sent. */
function sentBy({ page }: Opened): Sent[] {
  const sent: Sent[] = [];
  page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => sent.push(JSON.parse(String(payload)))));
  return sent;
}

export function watching(server: Server): void {
  // The frame around every view counts the alerts.
  const topicsAt = (fragment: string) => [...new Set([...watchedAt(placeOf(fragment)), 'alerts'])].sort();

  test('every view subscribes to what it is said to watch, once, and to nothing else', async () => {
    // The last one asks for the past of what another time it watches.
    await Promise.all(
      [...VIEWS, 'storage?window=7d'].map(async (at) => {
        const opened = await open();
        const sent = sentBy(opened);
        await visit(opened, server, at);
        await pause(LINGERED_MS);
        // What is asked for and not used would be given up by now.
        expect(sent.filter(({ op }) => op !== 'subscribe'), at).toEqual([]);
        expect(sent.map(({ topic }) => topic).sort(), at).toEqual(topicsAt(at));
        await opened.page.context().close();
      }),
    );
  });

  test('compactions are watched until a window is chosen, and again when none is', async () => {
    const opened = await open();
    const { page } = opened;
    const sent = sentBy(opened);
    await visit(opened, server, 'storage');
    const picks = async (name: string) => {
      await page.locator('header summary', { hasText: 'Window:' }).click();
      await page.getByRole('button', { name, exact: true }).click();
    };
    const subscribed = () => sent.filter(({ topic }) => topic === 'compactions').map(({ sub }) => sub);
    expect(subscribed().length).toBe(1);
    await picks('7 days');
    await until('nobody is told of them', () => sent.some(({ op, sub }) => op === 'unsubscribe' && sub === subscribed()[0]));
    await settled(page);
    await page.getByText('Of the window.', { exact: true }).waitFor();
    await picks('Usual');
    await page.getByText('Of the last day, live.', { exact: true }).waitFor();
    await until('they are watched again', () => subscribed().length === 2);
    await settled(page);
    await page.context().close();
  });
}
