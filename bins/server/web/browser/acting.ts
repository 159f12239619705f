// What somebody does with the page: picks, goes back, acknowledges, downloads; and sees a line as it is written.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { AlertsAnswer } from '../src/api/types/http';
import { open, openOnPhone, settled, visit } from './browser';
import { pause, stage, until, writes, type Server } from './server';

export function acting(server: Server): void {
  test('a line that a node writes is seen within a second', async () => {
    const opened = await open();
    await visit(opened, server, 'transfers');
    const took: number[] = [];
    for (let time = 0; time < 5; time += 1) {
      const since = performance.now();
      const piece = writes('attic');
      await opened.page.locator(`[aria-label="The newest transfers"] code[title="${piece}"]`).waitFor();
      took.push(Math.round(performance.now() - since));
      await pause(300);
    }
    console.log(`written lines were seen after ${took.join(', ')} ms`);
    // The middle one: where tests run beside each other one may have to wait for the processor.
    expect(took.sort((one, other) => one - other)[2]).toBeLessThan(1_000);
    // While it is paused nothing moves, and what came is counted.
    await opened.page.getByRole('button', { name: 'Pause' }).click();
    const piece = writes('attic');
    await opened.page.getByText('Paused, at least 1 newer').waitFor();
    expect(await opened.page.locator(`[aria-label="The newest transfers"] code[title="${piece}"]`).count()).toBe(0);
    await opened.page.getByRole('button', { name: 'Resume' }).click();
    await opened.page.locator(`[aria-label="The newest transfers"] code[title="${piece}"]`).waitFor();
    await opened.page.context().close();
  });

  test('nodes and windows are picked, stand in the address, and go back', async () => {
    const opened = await open();
    const { page, troubles } = opened;
    await visit(opened, server, 'overview');
    const table = page.getByRole('table', { name: 'Nodes', exact: true });
    expect(await table.locator('tbody tr').count()).toBe(stage.nodes.length);
    await page.locator('header summary', { hasText: 'Nodes:' }).click();
    await page.getByRole('checkbox', { name: 'attic' }).check();
    await page.getByRole('checkbox', { name: 'shed' }).check();
    await page.keyboard.press('Escape');
    await until('two nodes are shown', async () => (await table.locator('tbody tr').count()) === 2);
    expect(page.url()).toContain('#/overview?nodes=attic,shed');
    await page.locator('header summary', { hasText: 'Window:' }).click();
    await page.getByRole('button', { name: '7 days' }).click();
    expect(page.url()).toContain('nodes=attic,shed&window=7d');
    // What is picked goes along to other views.
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Compare' }).click();
    await settled(page);
    expect(page.url()).toContain('#/compare?nodes=attic,shed&window=7d');
    const compared = await page.getByRole('table', { name: 'Nodes side by side' }).locator('thead').innerText();
    expect(stage.nodes.filter((node) => compared.includes(node))).toEqual(['attic', 'shed']);
    // Where it says nothing the view tells why.
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Earnings' }).click();
    await page.getByText('Pay goes by the month, of UTC; the window is kept for the other views.').waitFor();
    expect(await page.locator('header summary', { hasText: 'Window:' }).count()).toBe(0);
    expect(page.url()).toContain('#/earnings?nodes=attic,shed&window=7d');
    await page.goBack();
    await page.goBack();
    await page.locator('main h1', { hasText: 'Overview' }).waitFor();
    expect(page.url()).toContain('#/overview?nodes=attic,shed&window=7d');
    await page.goBack();
    await until('the window is the one before', () => !page.url().includes('window='));
    await page.goForward();
    await until('and the one after', () => page.url().includes('window=7d'));
    expect(troubles).toEqual([]);
    await page.context().close();
  });

  test('a link leads to the same view, nodes, window and filters', async () => {
    const opened = await openOnPhone();
    const { page } = opened;
    await visit(opened, server, 'transfers?nodes=shed&window=6h&action=GET&outcome=success');
    expect(await page.locator('header summary', { hasText: 'Nodes:' }).innerText()).toContain('shed');
    expect(await page.locator('header summary', { hasText: 'Window:' }).innerText()).toContain('6 hours');
    expect(await page.getByLabel('Action').inputValue()).toBe('GET');
    const rows = page.getByRole('table', { name: 'Transfers of the window' }).locator('tbody tr');
    const texts = await rows.allInnerTexts();
    expect(texts.length).toBeGreaterThan(0);
    expect(texts.filter((text) => !text.includes('shed') || !text.includes('Success'))).toEqual([]);
    await page.context().close();
  });

  test('a view that could not be loaded is tried again, at the same address', async () => {
    const opened = await open();
    const { page } = opened;
    await visit(opened, server, 'overview?window=7d');
    await page.route(/\/assets\/Compare/, (route) => route.abort());
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Compare' }).click();
    await page.getByText('This part could not be loaded').waitFor();
    // Nobody answers: the page stays.
    await page.context().setOffline(true);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('The server does not answer yet').waitFor();
    await page.context().setOffline(false);
    await page.unroute(/\/assets\/Compare/);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.locator('main h1', { hasText: 'Compare' }).waitFor();
    await settled(page);
    expect(page.url()).toBe(`${server.url}/#/compare?window=7d`);
    await page.context().close();
  });

  test('a chart is drawn anew when what it shows is another', async () => {
    const opened = await open();
    const { page } = opened;
    const drawn = async (label: string) => {
      await settled(page);
      return page.locator(`figure[aria-label="${label}"] canvas`).evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
    };
    const isOther = async (label: string, before: string) => until(`${label} is drawn anew`, async () => (await drawn(label)) !== before, 10_000);
    await visit(opened, server, 'traffic?window=7d');
    const [ended, moved] = ['Transfers in the window, by how they ended', 'Bandwidth in the window'];
    const pieces = await drawn(ended);
    expect(await drawn(ended)).toBe(pieces);
    await page.getByLabel('Show').selectOption('bytes');
    await isOther(ended, pieces);
    const week = await drawn(moved);
    await page.locator('header summary', { hasText: 'Window:' }).click();
    await page.getByRole('button', { name: '24 hours' }).click();
    await isOther(moved, week);
    await page.context().close();
  });

  test('light and dark are by the system until somebody chooses', async () => {
    const opened = await open({ colorScheme: 'dark' });
    const { page } = opened;
    await visit(opened, server, 'status');
    const theme = () => page.locator('html').getAttribute('data-theme');
    expect(await theme()).toBe('dark');
    await page.emulateMedia({ colorScheme: 'light' });
    await until('it follows the system', async () => (await theme()) === 'light');
    const button = page.getByRole('button', { name: /^Theme:/ });
    await button.click();
    await button.click();
    expect(await theme()).toBe('dark');
    await page.reload();
    await settled(page);
    expect(await theme()).toBe('dark');
    await page.getByRole('button', { name: /^Theme: dark/ }).click();
    expect(await theme()).toBe('light');
    await page.context().close();
  });

  test('everything is reached with the keyboard', async () => {
    const opened = await open();
    const { page } = opened;
    await visit(opened, server, 'overview');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the figures');
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('MAIN');
    // From one end to the other: all that can be pressed, and no trap on the way.
    await visit(opened, server, 'compare');
    const all = await page.evaluate(() => {
      const found = [...document.querySelectorAll<HTMLElement>('a[href], button, summary, select, input, [tabindex="0"]')].filter((of) => of.checkVisibility() && !of.matches(':disabled'));
      for (const [number, of] of found.entries()) of.dataset.number = String(number);
      return found.length;
    });
    expect(all).toBeGreaterThan(20);
    const reached = new Set<string>();
    for (let presses = 0; presses < 2 * all && reached.size < all; presses += 1) {
      await page.keyboard.press('Tab');
      const at = await page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset.number);
      if (at !== undefined) reached.add(at);
    }
    expect(reached.size).toBe(all);
    // A node is picked with keys alone.
    await page.locator('header summary', { hasText: 'Nodes:' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('checkbox', { name: 'attic' }).waitFor();
    const isAt = (name: string) => page.getByRole('checkbox', { name }).evaluate((box) => box === document.activeElement);
    for (let presses = 0; presses < 10 && !(await isAt('attic')); presses += 1) await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await until('it is picked', () => page.url().includes('#/compare?nodes=attic'));
    await page.keyboard.press('Escape');
    await page.getByRole('checkbox', { name: 'attic' }).waitFor({ state: 'hidden' });
    // A table is put in order, and another view is gone to.
    await visit(opened, server, 'errors?window=7d');
    const heading = page.getByRole('table', { name: 'The most frequent errors' }).getByRole('button', { name: 'First' });
    await heading.focus();
    await page.keyboard.press('Enter');
    expect(await page.getByRole('table', { name: 'The most frequent errors' }).locator('th[aria-sort]').innerText()).toContain('First');
    await page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Traffic' }).focus();
    await page.keyboard.press('Enter');
    await page.locator('main h1', { hasText: 'Traffic' }).waitFor();
    await until('the view has the focus', () => page.evaluate(() => document.activeElement?.tagName === 'MAIN'));
    await page.context().close();
  });

  test('a window of one\'s own is of the time of whoever looks', async () => {
    const opened = await open({ timezoneId: 'America/New_York' });
    const { page } = opened;
    await visit(opened, server, 'traffic');
    await page.locator('header summary', { hasText: 'Window:' }).click();
    const midnight = new Date(Math.floor(Date.now() / 86_400_000) * 86_400_000);
    const local = (at: number) => {
      const parts = new Intl.DateTimeFormat('sv-SE', { timeZone: 'America/New_York', dateStyle: 'short', timeStyle: 'short' }).format(at);
      return parts.replace(' ', 'T');
    };
    const [from, to] = [midnight.getTime() - 7_200_000, midnight.getTime()];
    await page.getByLabel('From (').fill(local(from));
    await page.getByLabel('To (').fill(local(to));
    await page.getByRole('button', { name: 'Show this time' }).click();
    const text = (at: number) => new Date(at).toISOString().replace('.000Z', 'Z');
    await until('the address names it in UTC', () => page.url().endsWith(`#/traffic?from=${text(from)}&to=${text(to)}`));
    await page.context().close();
  });

  test('an alert is acknowledged', async () => {
    await until('there is an alert', async () => (await server.ask<AlertsAnswer>('/api/v1/alerts')).some(({ state }) => state === 'firing'));
    const opened = await open();
    const { page } = opened;
    await visit(opened, server, 'alerts');
    const first = page.locator('main li', { has: page.getByRole('button', { name: 'Acknowledge' }) }).first();
    const sentence = (await first.locator('p').innerText()).trim();
    await first.getByRole('button', { name: 'Acknowledge' }).click();
    const seen = page.locator('main li', { hasText: sentence }).filter({ hasText: 'Seen by' });
    await seen.waitFor();
    // An answer is given again for a second.
    const known = async () => (await server.ask<AlertsAnswer>('/api/v1/alerts')).find((alert) => alert.sentence === sentence);
    await until('the server knows that it is seen', async () => (await known())?.state === 'acknowledged');
    await page.context().close();
  });

  test('a table comes as a file for a spreadsheet', async () => {
    const opened = await open();
    const { page } = opened;
    await visit(opened, server, 'compare?window=7d');
    const coming = page.waitForEvent('download');
    await page.getByRole('link', { name: 'CSV of compare' }).click();
    const download = await coming;
    expect(download.suggestedFilename()).toBe('piecewatch-compare.csv');
    const text = readFileSync(await download.path(), 'utf8');
    const answer = await fetch(`${server.url}/api/v1/compare?window=7d&format=csv`);
    expect(text.trim().split('\n')[0]).toBe((await answer.text()).trim().split('\n')[0]);
    for (const node of stage.nodes) expect(text).toContain(node);
    // Of a month that is over the file holds what the API answers, to the byte.
    const last = new Date();
    last.setUTCDate(0);
    await visit(opened, server, `earnings?period=${last.toISOString().slice(0, 7)}`);
    const month = page.waitForEvent('download');
    const link = page.getByRole('link', { name: 'CSV of earnings', exact: true });
    const address = await link.getAttribute('href');
    await link.click();
    const earned = readFileSync(await (await month).path(), 'utf8');
    expect(earned).toBe(await (await fetch(new URL(address ?? '', server.url))).text());
    for (const node of stage.nodes) expect(earned).toContain(node);
    await page.context().close();
  });
}

/** A server that wants a token. */
export function signingIn(server: Server): void {
  test('who shows the token comes to the view that the link was for', async () => {
    const opened = await open();
    const { page } = opened;
    await page.goto(`${server.url}/#/traffic?window=7d`);
    const field = page.getByLabel('Token');
    expect(page.url()).toBe(`${server.url}/login#/traffic?window=7d`);
    await field.fill('not the token at all');
    await field.press('Enter');
    await page.getByRole('alert').waitFor();
    await field.fill(server.token ?? '');
    await field.press('Enter');
    await page.locator('main h1', { hasText: 'Traffic' }).waitFor();
    expect(page.url()).toBe(`${server.url}/#/traffic?window=7d`);
    await settled(page);
    // Who is signed in no more is led there, and back.
    await page.context().clearCookies();
    // The page may ask by itself before it goes to another window, and is led away in the middle of this: going there
    // is then given up, where a script that is to run in a page that leaves may never answer.
    await page.goto(`${server.url}/#/traffic?window=1h`).catch(() => undefined);
    const forms = ['7d', '1h'].map((window) => `${server.url}/login#/traffic?window=${window}`);
    await until('the form is back', () => forms.includes(page.url()));
    await page.context().close();
  });
}
