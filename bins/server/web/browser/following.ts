// From figures down to the transfers behind them: as many, and those.

import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import type { ErrorsAnswer, TrafficAnswer } from '../src/api/types/http';
import { count } from '../src/format/number';
import { action, country, sentence } from '../src/format/words';
import { open, settled, visit } from './browser';
import { row, rows } from './reading';
import { fails, until, writes, type Server } from './server';

const LISTING = 'Transfers of the window';

/** Yesterday: of it single transfers are kept, and nothing comes to it. */
function yesterday(): string {
  const day = 86_400_000;
  const midnight = Math.floor(Date.now() / day) * day;
  return `from=${new Date(midnight - day).toISOString().slice(0, 19)}Z&to=${new Date(midnight).toISOString().slice(0, 19)}Z`;
}

/** All that are listed, page after page. */
async function all(page: Page): Promise<Record<string, string>[]> {
  await page.locator('main h1', { hasText: 'Transfers' }).waitFor();
  await settled(page);
  const older = page.getByRole('button', { name: 'Older ones' });
  for (let pages = 0; pages < 20 && (await older.isVisible()); pages += 1) {
    const before = await page.getByRole('table', { name: LISTING }).locator('tbody tr').count();
    await older.click();
    await until('older ones are there', async () => !(await older.isVisible()) || (await page.getByRole('table', { name: LISTING }).locator('tbody tr').count()) > before);
  }
  return rows(page, LISTING);
}

export function following(server: Server): void {
  test('figures lead to as many transfers as they count', async () => {
    const opened = await open();
    const { page } = opened;
    const asked = yesterday();
    const { points } = await server.ask<TrafficAnswer>(`/api/v1/traffic?${asked}`);
    const table = 'Transfers by action in the window';
    for (const [column, outcome] of [['Transfers', undefined], ['Canceled', 'canceled'], ['Failed', 'failed']] as const) {
      // The first kind with few enough to be counted here.
      const counts = new Map<string, number>();
      for (const of of points) if (of.action !== null && (outcome === undefined || of.outcome === outcome)) counts.set(of.action, (counts.get(of.action) ?? 0) + of.count);
      const [kind, number] = [...counts].filter(([, number]) => number > 0).sort(([, one], [, other]) => one - other)[0] ?? [];
      expect(kind, column).toBeDefined();
      await visit(opened, server, `traffic?${asked}`);
      const name = action(kind ?? '');
      expect((await row(page, table, name))[column]).toBe(count(number));
      const cells = page.getByRole('table', { name: table, exact: true }).locator('tbody tr', { has: page.getByRole('rowheader', { name, exact: true }) });
      const titles = await page.getByRole('table', { name: table, exact: true }).locator('thead th').allInnerTexts();
      await cells.locator('th, td').nth(titles.findIndex((title) => title.startsWith(column))).getByRole('link').click();
      const listed = await all(page);
      expect(listed.length).toBe(number);
      expect(listed.filter((of) => of.Action !== name || (outcome !== undefined && of.Ended !== sentence(outcome)))).toEqual([]);
    }
    // By the reason for which they failed.
    const { by_class } = await server.ask<ErrorsAnswer>(`/api/v1/errors?${asked}`);
    const reasons = Object.entries(by_class);
    expect(reasons.length).toBeGreaterThan(0);
    for (const [reason, number] of reasons) {
      await visit(opened, server, `errors?${asked}`);
      await page.getByRole('table', { name: 'By kind of failure' }).getByRole('link', { name: sentence(reason), exact: true }).click();
      const listed = await all(page);
      expect(listed.length, reason).toBe(number);
      expect(listed.filter((of) => of.Ended !== 'Failed')).toEqual([]);
    }
    // By country, and back to all of them.
    await visit(opened, server, `traffic?${asked}`);
    await page.getByRole('table', { name: 'Traffic by country' }).getByRole('link', { name: country('BR'), exact: true }).click();
    const there = await all(page);
    expect(there.length).toBeGreaterThan(0);
    expect(there.filter((of) => of.Country !== country('BR'))).toEqual([]);
    await page.getByRole('button', { name: country('BR') }).click();
    await until('those of other countries are listed', async () => (await rows(page, LISTING)).some((of) => of.Country !== country('BR')));
    expect(opened.troubles).toEqual([]);
    await page.context().close();
  });

  test('nodes, satellites and latencies lead to their transfers', async () => {
    const opened = await open();
    const { page } = opened;
    const asked = yesterday();
    await visit(opened, server, `overview?${asked}`);
    await page.getByRole('table', { name: 'Nodes', exact: true }).locator('tbody tr', { hasText: 'shed' }).getByRole('link').nth(1).click();
    const today = await all(page);
    expect(today.length).toBeGreaterThan(0);
    expect(today.filter((of) => of.Node !== 'shed')).toEqual([]);
    for (const [view, table, link, is] of [
      ['overview', 'Success by node in the window', 2, { Node: 'attic', Action: 'Upload' }],
      ['latency', 'Latencies side by side', 0, { Node: 'attic', Action: 'Download', Ended: 'Success' }],
      ['traffic', 'Traffic by satellite', 0, { Satellite: 'us1' }],
      ['compare', 'Nodes side by side', 0, { Node: 'attic', Action: 'Download' }],
    ] as const) {
      await visit(opened, server, `${view}?${asked}${view === 'compare' ? '&nodes=attic' : ''}`);
      const head = view === 'traffic' ? 'us1' : view === 'compare' ? 'Downloads ok' : 'attic';
      await page.getByRole('table', { name: table, exact: true }).locator('tbody tr', { has: page.getByRole('rowheader', { name: head, exact: true }) }).getByRole('link').nth(link).click();
      await page.locator('main h1', { hasText: 'Transfers' }).waitFor();
      await settled(page);
      const listed = await rows(page, LISTING);
      expect(listed.length, table).toBeGreaterThan(0);
      for (const of of listed) expect(of, table).toMatchObject(is);
    }
    // A tile leads where its name does, wherever it is pressed.
    await visit(opened, server, 'overview');
    await page.getByRole('group', { name: 'Disk' }).first().click();
    await page.locator('main h1', { hasText: 'Storage' }).waitFor();
    expect(opened.troubles).toEqual([]);
    await page.context().close();
  });

  test('what passes the filters is seen live, among however many others', async () => {
    const opened = await open();
    const { page } = opened;
    await visit(opened, server, 'transfers?outcome=failed&action=GET_REPAIR');
    const newest = (piece: string) => page.locator(`[aria-label="The newest transfers"] code[title="${piece}"]`);
    const failed = fails('attic');
    for (let others = 0; others < 60; others += 1) writes('attic');
    await newest(failed).waitFor({ timeout: 10_000 });
    const told = await rows(page, 'The newest transfers');
    expect(told.filter((of) => of.Action !== 'Repair download' || of.Ended !== 'Failed')).toEqual([]);
    // Paused it stays, and what comes is counted.
    await page.getByRole('button', { name: 'Pause' }).click();
    const later = fails('attic');
    await page.getByText('Paused, at least 1 newer').waitFor({ timeout: 10_000 });
    expect(await newest(later).count()).toBe(0);
    await page.getByRole('button', { name: 'Resume' }).click();
    await newest(later).waitFor();
    // Without filters all of them are told again.
    await page.getByRole('button', { name: 'Clear' }).click();
    await newest(writes('attic')).waitFor();
    await page.context().close();
  });
}
