// What stands on the page is what the server answers.

import { expect, test } from 'vitest';
import type { AlertsAnswer, CompareAnswer, CountriesAnswer, CountryRow, ErrorsAnswer, LatencyAnswer, OverviewAnswer, ReputationAnswer, SatellitesAnswer, SizesAnswer, TrafficAnswer } from '../src/api/types/http';
import type { StatusState } from '../src/api/types/live';
import type { ForecastAnswer, MonthAnswer, StorageAnswer } from '../src/api/types/money';
import { bytes, sizeBound } from '../src/format/bytes';
import { latency } from '../src/format/duration';
import { money, sumOf } from '../src/format/money';
import { count, decimal, percent, some } from '../src/format/number';
import { monthPlus } from '../src/format/time';
import { action, country, isDownload, isUpload, sentence } from '../src/format/words';
import { open, shown, visit } from './browser';
import { row, rows, tile, week } from './reading';
import { stage, until, type Server } from './server';

/** `+384 MB` as a number. */
function inBytes(text = ''): number {
  const [, value, unit = ''] = /^\+([\d.]+) ([kMGT]?)B$/.exec(text) ?? [];
  return Number(value) * 1000 ** ['', 'k', 'M', 'G', 'T'].indexOf(unit);
}

/** `1 Dec 2026`, or a month without its day. */
function utc(at: string, day: { day?: 'numeric' }): string {
  return new Intl.DateTimeFormat('en-GB', { ...day, month: 'short', year: 'numeric', timeZone: 'UTC' }).format(Date.parse(at)).replace('Sept', 'Sep');
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
    const forecast = async () => {
      const { nodes } = await server.ask<ForecastAnswer>('/api/v1/earnings/forecast');
      return { soFar: money(sumOf(nodes.map((node) => node.so_far_micro_usd))), expected: money(sumOf(nodes.map((node) => node.forecast_micro_usd))) };
    };
    expect((await forecast()).soFar).toMatch(/^\$\d/);
    // Each node is looked at about every ten seconds.
    await until('the page knows what is earned', async () => {
      const { soFar, expected } = await forecast();
      const told = await tile(opened.page, /^Earned in/);
      return told.includes(soFar) && told.includes(`${expected} forecast`);
    });
    // The same again where it is told in full.
    await visit(opened, server, 'earnings');
    await until('it is told in full', async () => (await tile(opened.page, 'Earned so far')).includes((await forecast()).soFar));
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
    const asked = week();
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

  test('sizes and countries of transfers are those of the API', async () => {
    const opened = await open();
    const asked = week();
    const { sizes } = await server.ask<SizesAnswer>(`/api/v1/sizes?${asked}`);
    for (const chosen of ['', 'GET']) {
      await visit(opened, server, `traffic?${asked}${chosen && `&action=${chosen}`}`);
      const counted = new Map<string, number>();
      for (const of of sizes.filter(({ outcome, ...of }) => outcome === 'success' && (chosen === '' || of.action === chosen)).sort((one, other) => one.from_bytes - other.from_bytes)) {
        const name = of.to_bytes === null ? `${sizeBound(of.from_bytes)} and more` : `up to ${sizeBound(of.to_bytes)}`;
        counted.set(name, (counted.get(name) ?? 0) + of.count);
      }
      expect(counted.size).toBeGreaterThan(1);
      const told = await rows(opened.page, 'Transfers by size');
      expect(told.map((of) => [of.Size, of.Number])).toEqual([...counted].map(([name, value]) => [name, count(value)]));
    }
    const { nodes } = await server.ask<CountriesAnswer>(`/api/v1/countries?${asked}`);
    const all = nodes.flatMap(({ countries }) => countries);
    const codes = new Set(all.map(({ country }) => country));
    expect(codes.size).toBeGreaterThan(2);
    const told = await rows(opened.page, 'Traffic by country');
    expect(told.length).toBe(codes.size);
    for (const code of codes) {
      const ours = all.filter((of) => of.country === code);
      const sum = (of: (row: CountryRow) => number) => ours.reduce((sum, row) => sum + of(row), 0);
      const [egress, ingress] = [sum((of) => of.download_bytes), sum((of) => of.upload_bytes)];
      const wanted = { Egress: bytes(egress), Ingress: bytes(ingress), Downloads: count(sum((of) => of.downloads)), Uploads: count(sum((of) => of.uploads)) };
      expect(told.find((of) => of.Country === country(code)), code).toMatchObject(wanted);
      // Nowhere on the map are private networks and what is not known.
      const drawn = opened.page.getByRole('img', { name: 'Bytes both ways by country' }).locator('path', { hasText: `${country(code)}: ${bytes(egress + ingress)}` });
      expect(await drawn.count(), code).toBe(['XP', 'ZZ'].includes(code) ? 0 : 1);
    }
    expect(opened.troubles).toEqual([]);
    await opened.page.context().close();
  });

  test('what went wrong is counted as the API counts it', async () => {
    const opened = await open();
    const asked = week();
    await visit(opened, server, `errors?${asked}`);
    const answer = await server.ask<ErrorsAnswer>(`/api/v1/errors?${asked}&limit=50`);
    for (const [table, texts] of [['The most frequent errors', answer.top], ['Other troubles', answer.troubles]] as const) {
      expect(texts.length).toBeGreaterThan(1);
      const told = await rows(opened.page, table);
      // The page lists the first twenty.
      expect(told.map((of) => [of['What was said'], of.Times, of.Nodes])).toEqual(
        texts.slice(0, 20).map(({ text_with_values, parts, ...of }) => [text_with_values, count(of.count), [...new Set(parts.map(({ node }) => node))].join(', ')]),
      );
    }
    for (const [table, counts, name] of [['By kind of failure', answer.by_class, sentence], ['By action', answer.by_action, action], ['By node', answer.by_node, String]] as const) {
      expect(Object.keys(counts).length).toBeGreaterThan(1);
      for (const [key, value] of Object.entries(counts)) expect((await row(opened.page, table, name(key))).Number).toBe(count(value));
    }
    expect(await shown(opened.page)).toContain(`${some(answer.ended, 'transfer')} failed; of ${count(answer.count)} the reason is known`);
    expect(opened.troubles).toEqual([]);
    await opened.page.context().close();
  });

  test('what is held back is what the API says, now and of young nodes', async () => {
    const { period: now, nodes } = await server.ask<MonthAnswer>('/api/v1/earnings');
    // Nodes of today's age hold nothing back: the other month is the first one of the youngest.
    const age = Math.min(...nodes.flatMap(({ satellites }) => satellites.map((of) => of.age_months ?? Infinity)));
    // Months of pay are of UTC: where the day is still the one before they are the same.
    const opened = await open({ timezoneId: 'America/New_York' });
    for (const period of [now, monthPlus(now, 1 - age)]) {
      await visit(opened, server, `earnings?period=${period}`);
      const month = await server.ask<MonthAnswer>(`/api/v1/earnings?period=${period}`);
      const told = await rows(opened.page, 'Held amounts');
      for (const { node, satellites } of month.nodes) {
        expect(sumOf(satellites.map((of) => of.held_so_far_micro_usd))).toBeGreaterThan(0);
        for (const of of satellites) {
          expect(told.find(({ Node, Satellite }) => Node === node && Satellite === of.satellite)).toMatchObject({
            'Month': String(of.age_months),
            'Held now': `${of.held_percent}%`,
            'Held in all': money(of.held_so_far_micro_usd),
            'To come back': money(of.held_return_micro_usd),
            'Next': of.next_held_percent === null ? '–' : `${of.next_held_percent}% from ${utc(`${of.next_held_percent_from}-01`, {})}`,
            'Due': of.held_return_micro_usd ? utc(of.held_return_due_at ?? '', { day: 'numeric' }) : '–',
          });
        }
      }
      expect(month.nodes.length).toBe(stage.nodes.length);
      expect(month.nodes.some(({ satellites }) => satellites.some((of) => of.held_percent === 75))).toBe(period !== now);
    }
    expect(opened.troubles).toEqual([]);
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
