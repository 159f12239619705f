// Every view with data, of an empty server, and without one; for all eyes and both sizes.

import axe from 'axe-core';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { TITLES, NONSENSE, open, openOnPhone, overhang, settled, shown, visit, VIEWS, type Opened, type View } from './browser';
import { stage, writes, type Server } from './server';

/** What axe-core finds that keeps somebody out. */
async function barriers(page: Page, within = 'body'): Promise<string[]> {
  // As the debugger gives it: the page's policy lets in no other script.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source);
  const found = await page.evaluate((within) => {
    const { axe: ours } = globalThis as unknown as { axe: typeof axe };
    // Rows of a table are alike, and of some there are a hundred.
    return ours.run({ include: [within], exclude: ['tbody tr:nth-child(n + 7)'] }, {
      resultTypes: ['violations'],
      // It would ask the server for style sheets.
      preload: false,
    });
  }, within);
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => `${id} (${help}), ${nodes.length} times: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary?.split('\n')[1] ?? ''}`).join(' | ')}`);
}

/** What a finger would miss: what can be pressed and is smaller than 44 pixels either way. */
async function tooSmall(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll('a[href], button, summary, select, input')].flatMap((of) => {
      // Whoever presses the label of a box, or the tile that leads where its name does, presses these.
      const { width, height } = (of.closest('label') ?? of.closest('.tile') ?? of).getBoundingClientRect();
      const isSeen = of.checkVisibility({ visibilityProperty: true }) && width > 1 && height > 1 && of.closest('.sr') === null;
      return isSeen && (width < 43.5 || height < 43.5) ? [`${Math.round(width)} × ${Math.round(height)}: ${of.outerHTML.slice(0, 120)}`] : [];
    }));
}

async function picture(page: Page, name: string): Promise<void> {
  if (stage.pictures === null) return;
  mkdirSync(stage.pictures, { recursive: true });
  await page.screenshot({ path: join(stage.pictures, `${name}.png`), fullPage: true });
}

async function faultsOf(opened: Opened, view: string): Promise<string[]> {
  const { page, troubles } = opened;
  const text = await shown(page);
  const found = troubles.splice(0).map((trouble) => `${view}: ${trouble}`);
  const nonsense = NONSENSE.exec(text);
  if (nonsense !== null) found.push(`${view}: says ${nonsense[0]}: …${text.slice(Math.max(0, nonsense.index - 40), nonsense.index + 40)}…`);
  const over = await overhang(page);
  if (over !== '') found.push(`${view}: scrolls sideways, for ${over}`);
  return found;
}

/** What the view says in place of data, part by part. */
async function nothings(page: Page): Promise<string[]> {
  return (await page.locator('main .empty').allInnerTexts()).map((text) => text.replace(/\s+/g, ' '));
}

/** What nodes that are well, with a month behind them, have nothing of. */
const MAY_BE_EMPTY: Partial<Record<View, string[]>> = { status: ['Nothing here No minute of this window was written down yet.'] };

/** What each view says of a node whose log holds nothing and which nobody asks: what is missing, and why. */
const SAID_OF_NOTHING: Record<View, string> = {
  overview: 'Its log tells of nothing yet: new.log.',
  traffic: 'The logs tell of no transfer in the last hour.',
  latency: 'Nothing was measured in this window: the log tells no beginnings of transfers, or there were none.',
  earnings: 'Not known: the logs tell of no pay yet, and no node was asked',
  storage: 'Nobody told the space of these nodes in this window.',
  reputation: 'No satellite is known: nodes tell of them when they are asked, and some versions in their logs.',
  errors: 'No piece was downloaded in this window, or single transfers are kept no longer.',
  transfers: 'There was no transfer in the last day.',
  compare: 'There are no records in this window. A longer one may hold some.',
  alerts: 'Nothing is the matter',
  status: '0 batches wait',
};

export function viewsWithData(server: Server): void {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const device of ['desktop', 'phone'] as const) {
      test(`every view is whole with data: ${device}, ${colorScheme}`, async () => {
        const opened = await (device === 'desktop' ? open : openOnPhone)({ colorScheme });
        const faults: string[] = [];
        for (const view of VIEWS) {
          await visit(opened, server, view);
          expect(await opened.page.locator('main h1').innerText()).toBe(TITLES[view]);
          const text = await shown(opened.page);
          if (/does not answer|could not be answered|cannot be watched|Not connected/.test(text)) faults.push(`${view}: ${text.slice(0, 500)}`);
          faults.push(...(await nothings(opened.page)).filter((nothing) => !(MAY_BE_EMPTY[view] ?? []).includes(nothing)).map((nothing) => `${view}: says with data that there is none: ${nothing}`));
          if (view !== 'status' && !/\d/.test(text)) faults.push(`${view}: shows no figure: ${text}`);
          faults.push(...(await faultsOf(opened, view)));
          if (device === 'phone') faults.push(...(await tooSmall(opened.page)).map((small) => `${view}: too small for a finger, ${small}`));
          await picture(opened.page, `${view}-${device}-${colorScheme}`);
          faults.push(...(await barriers(opened.page)).map((barrier) => `${view}: ${barrier}`));
        }
        await opened.page.context().close();
        expect(faults).toEqual([]);
      });
    }
  }

  test('what is opened keeps nobody out either', async () => {
    for (const opened of [await open(), await openOnPhone({ colorScheme: 'dark' })]) {
      await visit(opened, server, 'overview');
      for (const label of ['Nodes:', 'Window:']) {
        await opened.page.locator('header summary', { hasText: label }).click();
        expect(await barriers(opened.page, 'header')).toEqual([]);
        await opened.page.keyboard.press('Escape');
      }
      const more = opened.page.getByRole('button', { name: 'More' });
      if (await more.isVisible()) {
        await more.click();
        expect(await barriers(opened.page, 'dialog')).toEqual([]);
        await opened.page.keyboard.press('Escape');
      }
      // What is looked for would be found.
      await opened.page.evaluate(() => document.querySelector('main')?.append(new Image()));
      expect((await barriers(opened.page, 'main > img')).join()).toContain('image-alt');
      await opened.page.context().close();
    }
  });
}

export function viewsOfNothing(server: Server): void {
  test('every view of a server that knows nothing says so', async () => {
    const opened = await openOnPhone();
    const faults: string[] = [];
    for (const view of VIEWS) {
      await visit(opened, server, view);
      const text = await shown(opened.page);
      if (!text.includes(SAID_OF_NOTHING[view])) faults.push(`${view}: does not say that nothing is known: ${text}`);
      faults.push(...(await faultsOf(opened, view)));
      faults.push(...(await barriers(opened.page)).map((barrier) => `${view}: ${barrier}`));
      await picture(opened.page, `${view}-empty`);
    }
    await opened.page.context().close();
    expect(faults).toEqual([]);
  });
}

export function viewsWithoutServer(server: Server): void {
  test('the page outlives its server, says so on every view, and goes on by itself', async () => {
    const opened = await open();
    const { page, troubles } = opened;
    const banner = page.locator('main [role=status]', { hasText: 'Not live' });
    const faults: string[] = [];
    const goTo = (view: View) => page.evaluate((view) => { location.hash = `#/${view}`; }, view);
    const lookAt = async (view: View, name: string) => {
      await page.locator('main .skeleton').first().waitFor({ state: 'detached' });
      if (!(await banner.isVisible())) faults.push(`${name}: does not say that it is not live`);
      faults.push(...(await faultsOf(opened, name)).filter((fault) => !/ERR_CONNECTION|Failed to fetch dynamically|WebSocket connection/.test(fault)));
      faults.push(...(await barriers(page)).map((barrier) => `${name}: ${barrier}`));
      await picture(page, `${view}-disconnected`);
    };
    const comesBack = async () => {
      await server.start();
      await page.locator('header', { hasText: 'Live' }).filter({ hasNotText: 'Not live' }).waitFor({ timeout: 45_000 });
      await banner.waitFor({ state: 'detached' });
      await settled(page);
    };
    // Each view is fetched when it is looked at first; of one it is seen what happens when that cannot be.
    const late: View = 'compare';
    for (const view of VIEWS.filter((view) => view !== late)) await visit(opened, server, view);
    expect(troubles.splice(0)).toEqual([]);
    await server.kill();
    await banner.waitFor();
    // What a node writes meanwhile is seen later.
    const unseen = writes('attic');
    for (const view of VIEWS) {
      await goTo(view);
      if (view === late) await page.locator('main', { hasText: 'The server does not answer' }).waitFor();
      else await page.locator('main h1', { hasText: TITLES[view] }).waitFor();
      await lookAt(view, view === late ? `${view}, never seen` : view);
    }
    await goTo('overview');
    await page.evaluate(() => { (window as unknown as { stayed: boolean }).stayed = true; });
    await comesBack();
    await page.getByRole('group', { name: 'Egress now' }).waitFor();
    expect(await page.locator('main .stale').count()).toBe(0);
    await goTo('transfers');
    await page.locator(`[aria-label="The newest transfers"] code[title="${unseen}"]`).waitFor();
    expect(await page.locator(`[aria-label="The newest transfers"] code[title="${unseen}"]`).count()).toBe(1);
    expect(await page.evaluate(() => (window as unknown as { stayed?: boolean }).stayed)).toBe(true);
    // What did not come before is there when the server goes once more; a browser fetches it anew with the page alone.
    await goTo(late);
    await page.reload();
    await page.locator('main h1', { hasText: TITLES[late] }).waitFor();
    await settled(page);
    await server.kill();
    await banner.waitFor();
    await page.locator('main h1', { hasText: TITLES[late] }).waitFor();
    await lookAt(late, late);
    expect(faults).toEqual([]);
    await page.context().close();
  });
}
