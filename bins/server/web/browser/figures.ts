// What stands on the page is what the server answers.

import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import type { CompareAnswer, LatencyAnswer, OverviewAnswer } from '../src/api/types/http';
import type { ForecastAnswer, MonthAnswer } from '../src/api/types/money';
import { bytes } from '../src/format/bytes';
import { latency } from '../src/format/duration';
import { money, sumOf } from '../src/format/money';
import { count, percent } from '../src/format/number';
import { isDownload, isUpload } from '../src/format/words';
import { open, shown, visit } from './browser';
import { until, type Server } from './server';

const tile = (page: Page, label: string | RegExp) => page.getByRole('group', { name: label }).first().innerText();

/** The texts of a row of a table, by the titles of its columns. */
async function row(page: Page, table: string, of: string): Promise<Record<string, string>> {
  const found = page.getByRole('table', { name: table, exact: true });
  const titles = await found.locator('thead th').allInnerTexts();
  const cells = found.locator('tbody tr', { has: page.getByRole('rowheader', { name: of, exact: true }) }).locator('th, td');
  const texts = (await cells.allInnerTexts()).map((text) => text.trim());
  return Object.fromEntries(titles.map((title, index) => [title.replace(/[↑↓]/g, '').trim(), texts[index] ?? '']));
}

export function figures(server: Server): void {
  test('traffic of today and earnings of the month are those of the API', async () => {
    const opened = await open();
    await visit(opened, server, 'overview');
    const today = `${new Date().toISOString().slice(0, 10)}T00:00:00Z`;
    const answer = await server.ask<OverviewAnswer>(`/api/v1/overview?from=${today}`);
    const done = answer.nodes.flatMap(({ actions }) => actions).filter(({ outcome }) => outcome === 'success');
    const moved = (is: (action: string) => boolean) => done.reduce((sum, of) => sum + (is(of.action) ? of.bytes : 0), 0);
    expect(moved(isDownload)).toBeGreaterThan(0);
    expect(await tile(opened.page, 'Egress now')).toContain(`${bytes(moved(isDownload))} today`);
    expect(await tile(opened.page, 'Ingress now')).toContain(`${bytes(moved(isUpload))} today`);
    const forecast = await server.ask<ForecastAnswer>('/api/v1/earnings/forecast');
    const soFar = money(sumOf(forecast.nodes.map((node) => node.so_far_micro_usd)));
    const expected = money(sumOf(forecast.nodes.map((node) => node.forecast_micro_usd)));
    expect(soFar).toMatch(/^\$\d/);
    // Each node is looked at about every ten seconds.
    await until('the page knows what is earned', async () => (await tile(opened.page, /^Earned in/)).includes(soFar));
    expect(await tile(opened.page, /^Earned in/)).toContain(`${expected} forecast`);
    // The same again where it is told in full.
    await visit(opened, server, 'earnings');
    expect(await tile(opened.page, 'Earned so far')).toContain(soFar);
    const month = await server.ask<MonthAnswer>('/api/v1/earnings');
    expect(await tile(opened.page, 'Node estimate')).toContain(money(sumOf(month.nodes.map((node) => node.node_estimate_micro_usd))));
    for (const node of month.nodes) {
      const told = await row(opened.page, 'Earnings by node', node.node);
      expect(told['Node estimate']).toBe(money(node.node_estimate_micro_usd));
      expect(told.Profit).toBe(money(node.profit_micro_usd));
    }
    expect(opened.troubles).toEqual([]);
    await opened.page.context().close();
  });

  test('percentiles are those of the API, node by node', async () => {
    const opened = await open();
    await visit(opened, server, 'latency?window=7d');
    const { measured } = await server.ask<LatencyAnswer>('/api/v1/latency?window=7d&action=GET&by=node');
    expect(measured.length).toBeGreaterThanOrEqual(3);
    const told = await opened.page.getByRole('table', { name: 'Latencies side by side' }).locator('tbody tr').allInnerTexts();
    const wanted = measured.map((of) => [of.count, of.p99_micros, of.max_micros].map((value, at) => (at === 0 ? count(value) : latency(value))));
    for (const [at, texts] of wanted.entries()) {
      for (const text of texts) expect(told[at]).toContain(text);
    }
    await opened.page.context().close();
  });

  test('nodes side by side are as the API compares them', async () => {
    const opened = await open();
    await visit(opened, server, 'compare');
    const { nodes } = await server.ask<CompareAnswer>('/api/v1/compare');
    const overall = await row(opened.page, 'Nodes side by side', 'Overall');
    const downloads = await row(opened.page, 'Nodes side by side', 'Downloads ok');
    for (const { node, overall_score, criteria } of nodes) {
      expect(overall[node]).toContain(percent(overall_score));
      const of = criteria.download_success;
      expect(of).toBeDefined();
      expect(downloads[node]).toContain(percent(of?.value));
      expect(downloads[node]).toContain(`#${of?.rank}`);
    }
    const perTerabyte = nodes.flatMap(({ node, criteria }) => (criteria.earnings_per_tb === undefined ? [] : [{ node, value: criteria.earnings_per_tb.value }]));
    const earnings = perTerabyte.length === 0 ? {} : await row(opened.page, 'Nodes side by side', 'Earnings per TB');
    for (const { node, value } of perTerabyte) expect(earnings[node]).toContain(money(Math.round(value)));
    expect((await shown(opened.page)).length).toBeGreaterThan(200);
    await opened.page.context().close();
  });
}
