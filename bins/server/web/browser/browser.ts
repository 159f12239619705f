// The browser, and pages that note whatever goes wrong in them.

import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { placeOf, VIEWS, type View } from '../src/state/address';
import { stage, type Server } from './server';

export { VIEWS, type View };

/** What each view is called. */
export const TITLES: Record<View, string> = {
  overview: 'Overview',
  traffic: 'Traffic',
  latency: 'Latency',
  earnings: 'Earnings',
  storage: 'Storage',
  reputation: 'Reputation',
  errors: 'Errors and pieces',
  transfers: 'Transfers',
  compare: 'Compare',
  alerts: 'Alerts',
  status: 'Status',
};

export const DESKTOP = { width: 1440, height: 900 };
export const PHONE = { width: 360, height: 780 };

let browser: Browser | undefined;

export async function launch(): Promise<void> {
  // Where these run as root, in a container, there is no sandbox to be had.
  browser = await chromium.launch({ executablePath: stage.browser, args: ['--no-sandbox'] });
}

export async function quit(): Promise<void> {
  await browser?.close();
}

/** A page and what went wrong in it. */
export interface Opened {
  page: Page;
  /** Errors of scripts and of the console, policies broken, requests refused. */
  troubles: string[];
}

/** A window of its own: nothing is kept from another one. */
export async function open(options: BrowserContextOptions = {}): Promise<Opened> {
  if (browser === undefined) throw new Error('there is no browser');
  const context = await browser.newContext({ viewport: DESKTOP, timezoneId: 'Europe/Berlin', locale: 'en-GB', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const troubles: string[] = [];
  page.on('pageerror', (error) => troubles.push(`script: ${error.stack ?? error.message}`));
  // What breaks the policy is told here, too.
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') troubles.push(`console: ${message.text()} ${message.location().url}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) troubles.push(`${response.status()}: ${response.url()}`);
  });
  return { page, troubles };
}

/** A page as phones have it. */
export function openOnPhone(options: BrowserContextOptions = {}): Promise<Opened> {
  return open({ viewport: PHONE, isMobile: true, hasTouch: true, deviceScaleFactor: 2, ...options });
}

/** Goes to a view, and waits until all of it is there. */
export async function visit({ page }: Opened, server: Server, fragment: string): Promise<void> {
  await page.goto(`${server.url}/#/${fragment}`);
  // The view before stays until this one is loaded.
  await page.locator('main h1', { hasText: TITLES[placeOf(`#/${fragment}`).view] }).waitFor();
  await settled(page);
}

/** Waits until nothing is on its way. */
export async function settled(page: Page): Promise<void> {
  await page.locator('main h1').waitFor();
  await page.locator('main .skeleton').first().waitFor({ state: 'detached' });
  await page.locator('main [aria-busy="true"]').first().waitFor({ state: 'detached' });
}

/** The text of what is shown. */
export async function shown(page: Page): Promise<string> {
  return (await page.locator('main').innerText()).replaceAll('\u00a0', ' ');
}

/** Words that stand for a figure that nobody computed. */
export const NONSENSE = /\b(NaN|undefined|null|Infinity|Invalid Date|\[object)\b/;

/** What makes the page scroll sideways; nothing, if it does not. */
export async function overhang(page: Page): Promise<string> {
  const width = page.viewportSize()?.width ?? 0;
  return page.evaluate((width) => {
    if (document.documentElement.scrollWidth <= width) return '';
    const beyond = [...document.querySelectorAll('body *')].filter((of) => {
      let { right } = of.getBoundingClientRect();
      for (let around = of.parentElement; around !== null; around = around.parentElement) {
        if (getComputedStyle(around).overflowX !== 'visible') right = Math.min(right, around.getBoundingClientRect().right);
      }
      return right > width + 1;
    });
    return `${document.documentElement.scrollWidth} pixels: ${beyond.slice(0, 3).map((of) => of.outerHTML.slice(0, 120)).join(' | ')}`;
  }, width);
}
