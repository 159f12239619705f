// What stands on the page, read as somebody reads it: tiles by their labels, rows by what is at their head.

import type { Locator, Page } from 'playwright-core';

/** The text of a tile. */
export const tile = (page: Page, label: string | RegExp) => page.getByRole('group', { name: label }).first().innerText();

/** The texts of some rows of a table, each by the titles of its columns. */
export async function rows(page: Page, table: string, having: Parameters<Locator['filter']>[0] = {}): Promise<Record<string, string>[]> {
  const found = page.getByRole('table', { name: table, exact: true });
  const titles = (await found.locator('thead th').allInnerTexts()).map((title) => title.replace(/[↑↓]/g, '').trim());
  // At once: a table may be drawn anew while it is read.
  const texts = await found.locator('tbody tr').filter(having).evaluateAll((all) =>
    all.map((row) => [...(row as HTMLTableRowElement).cells].map((cell) => cell.innerText.trim())));
  return texts.map((cells) => Object.fromEntries(titles.map((title, index) => [title, cells[index] ?? ''])));
}

/** The row that a name stands at the head of. */
export async function row(page: Page, table: string, of: string): Promise<Record<string, string>> {
  return (await rows(page, table, { has: page.getByRole('rowheader', { name: of, exact: true }) }))[0] ?? {};
}

/** Seven days that are over: nothing comes to them while they are looked at. */
export function week(): string {
  const day = 86_400_000;
  const midnight = Math.floor(Date.now() / day) * day;
  return `from=${new Date(midnight - 7 * day).toISOString().slice(0, 19)}Z&to=${new Date(midnight).toISOString().slice(0, 19)}Z`;
}
