// What stands on the page is what the server answers.

import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import type { AlertsAnswer, CompareAnswer, LatencyAnswer, OverviewAnswer, ReputationAnswer, SatellitesAnswer, TrafficAnswer } from '../src/api/types/http';
import type { StatusState } from '../src/api/types/live';
import type { ForecastAnswer, MonthAnswer, StorageAnswer } from '../src/api/types/money';
import { bytes } from '../src/format/bytes';
import { latency } from '../src/format/duration';
import { money, sumOf } from '../src/format/money';
import { count, decimal, percent, some } from '../src/format/number';
import { isDownload, isUpload } from '../src/format/words';
import { open, shown, visit } from './browser';
import { stage, until, type Server } from './server';

const tile = (page: Page, label: string | RegExp) => page.getByRole('group', { name: label }).first().innerText();

/** The texts of a row of a table, by the titles of its columns. */
async function row(page: Page, table: string, of: string): Promise<Record<string, string>> {
  const found = page.getByRole('table', { name: table, exact: true });
  const titles = await found.locator('thead th').allInnerTexts();
  const cells = found.locator('tbody tr', { has: page.getByRole('rowheader', { name: of, exact: true }) }).locator('th, td');
  const texts = (await cells.allInnerTexts()).map((text) => text.trim());
  return Object.fromEntries(titles.map((title, index) => [title.replace(/[↑↓]/g, '').trim(), texts[index] ?? '']));
}

/** `+384 MB` as a number. */
function inBytes(text = ''): number {
  const [, value, unit = ''] = /^\+([\d.]+) ([kMGT]?)B$/.exec(text) ?? [];
  return Number(value) * 1000 ** ['', 'k', 'M', 'G', 'T'].indexOf(unit);
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

  test('sums of traffic are those of the API, in all and by satellite', async () => {
    const opened = await open();
    // A window that is over: nothing comes to it while it is looked at.
    const day = 86_400_000;
    const midnight = Math.floor(Date.now() / day) * day;
    const asked = `from=${new Date(midnight - 7 * day).toISOString().slice(0, 19)}Z&to=${new Date(midnight).toISOString().slice(0, 19)}Z`;
    await visit(opened, server, `traffic?${asked}`);
    const { points } = await server.ask<TrafficAnswer>(`/api/v1/traffic?${asked}`);
    const moved = (is: (action: string) => boolean) => points.filter(({ action, outcome }) => outcome === 'success' && action !== null && is(action));
    for (const [label, is] of [['Egress in the window', isDownload], ['Ingress in the window', isUpload]] as const) {
      const sum = (of: (point: TrafficAnswer['points'][number]) => number) => moved(is).reduce((sum, point) => sum + of(point), 0);
      expect(sum((point) => point.count)).toBeGreaterThan(0);
      const told = await tile(opened.page, label);
      expect(told).toContain(bytes(sum((point) => point.bytes ?? 0)));
      expect(told).toContain(`${count(sum((point) => point.count))} pieces`);
    }
    const { nodes } = await server.ask<SatellitesAnswer>(`/api/v1/satellites?${asked}`);
    const parts = nodes.flatMap(({ satellites }) => satellites).flatMap(({ id, name, actions }) => actions.map((part) => ({ ...part, of: name ?? id ?? '' })));
    const known = [...new Set(parts.map(({ of }) => of))];
    expect(known.length).toBeGreaterThan(1);
    for (const satellite of known) {
      const ours = parts.filter(({ of }) => of === satellite);
      const sum = (is: (action: string) => boolean) => ours.reduce((sum, part) => sum + (part.outcome === 'success' && is(part.action) ? part.bytes : 0), 0);
      const told = await row(opened.page, 'Traffic by satellite', satellite);
      expect(told).toMatchObject({ Egress: bytes(sum(isDownload)), Ingress: bytes(sum(isUpload)), Transfers: count(ours.reduce((sum, part) => sum + part.count, 0)) });
    }
    await opened.page.context().close();
  });

  test('space and scores are those of the API, node by node', async () => {
    const opened = await open();
    await visit(opened, server, 'storage');
    const storage = await server.ask<StorageAnswer>('/api/v1/storage?window=30d');
    expect(storage.nodes.map(({ node }) => node)).toEqual(expect.arrayContaining(stage.nodes));
    for (const of of storage.nodes) {
      expect(of.used_bytes).not.toBeNull();
      const told = await row(opened.page, 'Capacity of nodes', of.node);
      expect(told).toMatchObject({ Held: bytes(of.used_bytes), Trash: bytes(of.trash_bytes), Free: bytes(of.available_bytes), Reclaimable: bytes(of.reclaimable_bytes) });
      const growth = [7, 30, 1].map((days) => of.growth.find((past) => past.days === days)?.bytes_a_day).find((known) => known != null);
      // It goes on with the time that passes between the two.
      expect(growth).toBeGreaterThan(0);
      expect(inBytes(told['Growth a day']) / (growth ?? 0)).toBeCloseTo(1, 1);
    }
    await visit(opened, server, 'reputation');
    const reputation = await server.ask<ReputationAnswer>('/api/v1/reputation?window=30d');
    const rows = opened.page.getByRole('table', { name: 'Reputation by satellite', exact: true }).locator('tbody tr');
    const judged = reputation.nodes.flatMap(({ node, satellites }) => satellites.map((of) => ({ ...of, node })));
    expect(judged.filter(({ audit }) => audit !== null).length).toBeGreaterThan(stage.nodes.length);
    for (const { node, satellite, ...of } of judged) {
      const told = await rows.filter({ hasText: node }).filter({ hasText: satellite }).innerText();
      for (const score of [of.audit, of.suspension, of.online]) expect(told).toContain(score === null ? '–' : decimal(score * 100, 2));
    }
    expect(opened.troubles).toEqual([]);
    await opened.page.context().close();
  });

  test('how many alerts there are, and how Piecewatch is, are those of the API', async () => {
    const opened = await open();
    await visit(opened, server, 'overview');
    // Some begin and end while this looks.
    await until('as many alerts are active as the API says', async () => {
      const active = (await server.ask<AlertsAnswer>('/api/v1/alerts')).filter(({ state }) => state !== 'resolved');
      return (await tile(opened.page, 'Alerts')).split('\n').includes(count(active.length));
    });
    await visit(opened, server, 'alerts?window=30d');
    await until('the history has as many', async () =>
      (await shown(opened.page)).includes(`${some((await server.ask<AlertsAnswer>('/api/v1/alerts?window=30d')).length, 'alert')} in the window`));
    await visit(opened, server, 'status');
    const before = await server.ask<StatusState>('/api/v1/status');
    expect(await tile(opened.page, 'Version')).toContain(before.version);
    expect(await tile(opened.page, 'Memory')).toContain(`of ${bytes(before.machine.memory_bytes)} free`);
    for (const node of stage.nodes) {
      await until(`as many lines of ${node} are read as the API says`, async () => {
        const { nodes } = await server.ask<StatusState>('/api/v1/status');
        return (await row(opened.page, 'How logs are read', node)).Lines === count(nodes[node]?.lines);
      });
    }
    // It counts on between one look and the next: what is shown lies between two answers.
    const digits = async (label: string, at: RegExp) => Number((at.exec(await tile(opened.page, label))?.[1] ?? '').replaceAll(',', ''));
    const requests = await digits('Requests', /([\d,]+)/);
    const questions = await digits('Slow questions', /of ([\d,]+) to/);
    const after = await server.ask<StatusState>('/api/v1/status');
    expect(requests).toBeGreaterThan(0);
    expect(requests).toBeLessThanOrEqual(after.http.requests);
    expect(questions).toBeGreaterThan(0);
    expect(questions).toBeLessThanOrEqual(after.database.queries);
    await until('as many requests are shown as there were before', async () => (await digits('Requests', /([\d,]+)/)) >= before.http.requests);
    await opened.page.context().close();
  });
}
