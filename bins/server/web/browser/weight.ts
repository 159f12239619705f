// How much the first view weighs, and how soon it is there.

import { expect, test } from 'vitest';
import type { Response } from 'playwright-core';
import { open, settled } from './browser';
import type { Server } from './server';

const KB = 1_000;

export function weight(server: Server): void {
  test('the first view is light and soon there', async () => {
    const { page, troubles } = await open();
    const files = new Map<string, number>();
    const unpacked: string[] = [];
    const note = (response: Response) => {
      const { pathname } = new URL(response.url());
      if (pathname.startsWith('/api/') || pathname === '/ws') return;
      const headers = response.headers();
      files.set(pathname, Number(headers['content-length']));
      if (headers['content-encoding'] !== 'gzip') unpacked.push(pathname);
    };
    page.on('response', note);
    await page.goto(`${server.url}/`);
    await settled(page);
    page.off('response', note);
    expect(unpacked).toEqual([]);
    const sum = [...files.values()].reduce((sum, size) => sum + size, 0);
    console.log(`the first view weighs ${(sum / KB).toFixed(1)} KB in ${files.size} files`);
    expect([...files.keys()].filter((path) => path.includes('WorldMap'))).toEqual([]);
    expect(sum).toBeGreaterThan(20 * KB);
    expect(sum).toBeLessThanOrEqual(150 * KB);

    // From the first byte asked for to figures on the screen: the browser has the files the second time.
    for (const time of ['first', 'second']) {
      const since = performance.now();
      await page.goto('about:blank');
      const begun = performance.now();
      await page.goto(`${server.url}/`);
      await page.getByRole('group', { name: 'Egress now' }).waitFor();
      const took = performance.now() - begun;
      const paint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0);
      console.log(`loaded the ${time} time: figures after ${took.toFixed(0)} ms, painted after ${paint.toFixed(0)} ms (${(begun - since).toFixed(0)} ms before)`);
      // A build for tests, and other tests beside it: more than this would be the page's own doing.
      expect(paint).toBeGreaterThan(0);
      expect(paint).toBeLessThan(1_500);
    }
    expect(troubles).toEqual([]);
    await page.context().close();
  });
}
