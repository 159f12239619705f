// Rows of tables are what the server answers, to their last figure.

import { expect, test } from 'vitest';
import type { HotPiecesAnswer, LatencyAnswer, NodesAnswer, OverviewAnswer, SlowAnswer, TrafficAnswer, TransfersAnswer } from '../src/api/types/http';
import type { SatellitesState } from '../src/api/types/live';
import type { CompactionsAnswer, ForecastAnswer, HistoryAnswer, MonthAnswer, ReconciliationAnswer, StorageAnswer } from '../src/api/types/money';
import { bytes } from '../src/format/bytes';
import { duration, latency } from '../src/format/duration';
import { fineMoney, fineMoneyChange, money, sumOf } from '../src/format/money';
import { count, percent } from '../src/format/number';
import { month, monthPlus } from '../src/format/time';
import { action, isDownload, isUpload, sentence } from '../src/format/words';
import { open, visit } from './browser';
import { row, rows, week } from './reading';
import { stage, until, type Server } from './server';

export function tables(server: Server): void {
  test('what was done by action, and success by node, are those of the API', async () => {
    const opened = await open();
    const asked = week();
    await visit(opened, server, `traffic?${asked}`);
    const { points } = await server.ask<TrafficAnswer>(`/api/v1/traffic?${asked}`);
    const kinds = [...new Set(points.flatMap((point) => point.action ?? []))];
    expect(kinds.length).toBeGreaterThan(3);
    for (const kind of kinds) {
      const sum = (outcome?: string) => points.reduce((sum, of) => sum + (of.action === kind && (outcome === undefined || of.outcome === outcome) ? of.count : 0), 0);
      const moved = points.reduce((sum, of) => sum + (of.action === kind && of.outcome === 'success' ? (of.bytes ?? 0) : 0), 0);
      expect(await row(opened.page, 'Transfers by action in the window', action(kind))).toMatchObject({
        Data: bytes(moved),
        Transfers: count(sum()),
        Canceled: count(sum('canceled')),
        Failed: count(sum('failed')),
        Success: percent(sum('success') / sum()),
      });
    }
    await visit(opened, server, `overview?${asked}`);
    const { nodes } = await server.ask<OverviewAnswer>(`/api/v1/overview?${asked}`);
    expect(nodes.map(({ node }) => node)).toEqual(stage.nodes);
    for (const { node, success_rate, acceptance_rate, actions, audits } of nodes) {
      const moved = (is: (action: string) => boolean) => actions.reduce((sum, of) => sum + (of.outcome === 'success' && is(of.action) ? of.bytes : 0), 0);
      expect(await row(opened.page, 'Success by node in the window', node)).toMatchObject({
        ...Object.fromEntries(Object.entries(success_rate).map(([kind, rate]) => [action(kind), percent(rate)])),
        'Uploads taken': percent(acceptance_rate),
        'Egress': bytes(moved(isDownload)),
        'Ingress': bytes(moved(isUpload)),
        'Audits failed': count(audits.recoverable + audits.unrecoverable),
      });
    }
    expect(opened.troubles).toEqual([]);
    await opened.page.context().close();
  });

  test('what satellites asked for today, and transfers at once, are told as the server tells them', async () => {
    const opened = await open();
    await visit(opened, server, `traffic?${week()}`);
    const { in_flight } = await server.ask<LatencyAnswer>(`/api/v1/latency?${week()}`);
    expect(in_flight?.actions.length).toBeGreaterThan(3);
    for (const of of in_flight?.actions ?? []) {
      expect(await row(opened.page, 'Transfers at once', action(of.action))).toMatchObject({ Ended: count(of.ended), Measured: count(of.measured) });
    }
    // Asked in a window of its own, as any page may watch it.
    const other = await open();
    await other.page.goto(`${server.url}/healthz`);
    const today = await other.page.evaluate(
      (url) =>
        new Promise<SatellitesState>((done, gone) => {
          const socket = new WebSocket(url);
          socket.onopen = () => socket.send(JSON.stringify({ op: 'subscribe', sub: 1, topic: 'satellites', nodes: [] }));
          socket.onerror = () => gone(new Error('no connection'));
          socket.onmessage = ({ data }) => {
            const { messages = [] } = JSON.parse(String(data)) as { messages?: { kind: string; data: SatellitesState }[] };
            const told = messages.find(({ kind }) => kind === 'snapshot');
            if (told === undefined) return;
            socket.close();
            done(told.data);
          };
        }),
      `${server.url.replace('http', 'ws')}/ws`,
    );
    await other.page.context().close();
    expect(Object.keys(today.satellites).length).toBeGreaterThan(1);
    for (const [name, { actions }] of Object.entries(today.satellites)) {
      const moved = (is: (action: string) => boolean) => Object.entries(actions).reduce((sum, [kind, of]) => sum + (is(kind) ? of.bytes : 0), 0);
      await until(`${name} is as the topic tells it`, async () => {
        const told = await row(opened.page, 'Traffic by satellite', name);
        return told['Egress today'] === bytes(moved(isDownload)) && told['Ingress today'] === bytes(moved(isUpload));
      });
    }
    expect(opened.troubles).toEqual([]);
    await opened.page.context().close();
  });

  test('forecasts, months, satellites and reconciliation are those of the API', async () => {
    const opened = await open();
    const { page } = opened;
    const last = monthPlus((await server.ask<MonthAnswer>('/api/v1/earnings')).period, -1);
    await visit(opened, server, 'earnings');
    const table = /^Forecast of/;
    const title = (await page.getByRole('table', { name: table }).locator('caption').innerText()).trim();
    await until('the forecast is told node by node', async () => {
      const { nodes } = await server.ask<ForecastAnswer>('/api/v1/earnings/forecast');
      expect(nodes.length).toBe(stage.nodes.length);
      const told = await Promise.all(nodes.map(({ node }) => row(page, title, node)));
      return nodes.every((of, at) => {
        const wanted = [of.so_far_micro_usd, of.forecast_micro_usd, of.node_expects_micro_usd].map(money);
        return wanted.join() === [told[at]?.['So far'], told[at]?.Forecast, told[at]?.['Node expects']].join() && told[at]?.['Based on'] === 'node estimate';
      });
    }, 90_000);
    await page.getByRole('region', { name: 'Forecast' }).getByRole('combobox').selectOption('satellite');
    const { nodes } = await server.ask<ForecastAnswer>('/api/v1/earnings/forecast');
    await until('and satellite by satellite', async () => (await rows(page, title)).length === nodes.flatMap(({ satellites }) => satellites).length);
    // A month that is over stays as it is.
    await visit(opened, server, `earnings?period=${last}`);
    const { nodes: of } = await server.ask<MonthAnswer>(`/api/v1/earnings?period=${last}`);
    const satellites = of.flatMap(({ satellites }) => satellites);
    for (const name of new Set(satellites.map(({ satellite }) => satellite))) {
      const ours = satellites.filter(({ satellite }) => satellite === name);
      const told = await row(page, 'Earnings by satellite', name);
      expect(told.Paid).toContain(fineMoney(sumOf(ours.map((of) => of.paid_micro_usd))));
      expect(told['Node estimate']).toContain(fineMoney(sumOf(ours.map((of) => of.node_estimate_micro_usd))));
    }
    const { months } = await server.ask<HistoryAnswer>(`/api/v1/earnings/history?period=${last}`);
    const periods = [...new Set(months.map(({ period }) => period))];
    expect(periods.length).toBe(12);
    for (const period of periods) {
      const ours = months.filter((month) => month.period === period);
      const told = await row(page, 'Earnings by month', month(period));
      expect(told.Paid).toContain(money(sumOf(ours.map((month) => month.paid_micro_usd))));
      expect(told.Profit).toContain(money(sumOf(ours.map((month) => month.profit_micro_usd))));
    }
    const { months: reconciled } = await server.ask<ReconciliationAnswer>('/api/v1/earnings/reconciliation');
    const told = await rows(page, 'Expected and paid');
    const newest = reconciled.filter(({ period }) => period === last);
    expect(newest.length).toBeGreaterThan(stage.nodes.length);
    for (const of of newest) {
      const found = told.find(({ Month, Node, Satellite }) => Month === month(of.period, 'short') && Node === of.node && Satellite === of.satellite);
      expect(found).toMatchObject({ Paid: fineMoney(of.paid_micro_usd), Difference: fineMoneyChange(of.difference_micro_usd), Unexplained: fineMoneyChange(of.remainder_micro_usd) });
    }
    expect(opened.troubles).toEqual([]);
    await page.context().close();
  });

  test('work, compactions, slow transfers, hot pieces and single transfers are those of the API', async () => {
    const opened = await open();
    const { page } = opened;
    const asked = week();
    await visit(opened, server, `storage?${asked}`);
    const { nodes } = await server.ask<StorageAnswer>(`/api/v1/storage?${asked}`);
    const ended = nodes.flatMap(({ node, ended }) => ended.map((of) => ({ ...of, node }))).sort((one, other) => (one.ended_at < other.ended_at ? 1 : -1));
    expect(ended.length).toBeGreaterThan(5);
    const works = await rows(page, 'Work that ended');
    for (const of of ended.slice(0, 5)) {
      const wanted = { Node: of.node, Work: sentence(of.task), Satellite: of.satellite ?? '–', How: sentence(of.ending), Took: duration(of.seconds), Examined: count(of.examined), Data: bytes(of.bytes) };
      expect(works).toContainEqual(expect.objectContaining(wanted));
    }
    const { compactions } = await server.ask<CompactionsAnswer>(`/api/v1/compactions?${asked}`);
    expect(compactions.length).toBeGreaterThan(0);
    const told = await rows(page, 'Compactions');
    const newest = [...compactions].sort((one, other) => (one.at < other.at ? 1 : -1)).slice(0, 5);
    for (const of of newest) {
      expect(told).toContainEqual(expect.objectContaining({ Node: of.node, Satellite: of.satellite, Store: of.store, Reclaimed: bytes(of.reclaimed_bytes), Rewritten: bytes(of.rewritten_bytes) }));
    }
    await visit(opened, server, `latency?${asked}`);
    const { transfers: slow } = await server.ask<SlowAnswer>(`/api/v1/transfers/slow?${asked}&action=GET&limit=20`);
    expect(slow.length).toBe(20);
    expect((await rows(page, 'The slowest transfers')).map((of) => [of.Node, of.Took, of.Size])).toEqual(slow.map((of) => [of.node, latency(of.latency_micros), bytes(of.size_bytes)]));
    const day = asked.replace(/from=[^&]+/, `from=${new Date(Date.parse(/to=(.+)/.exec(asked)?.[1] ?? '') - 86_400_000).toISOString().slice(0, 19)}Z`);
    await visit(opened, server, `errors?${day}`);
    const { pieces } = await server.ask<HotPiecesAnswer>(`/api/v1/pieces/hot?${day}&limit=50`);
    expect(pieces.length).toBeGreaterThan(0);
    const most = await rows(page, 'Pieces wanted most');
    for (const of of pieces.slice(0, 3)) {
      expect(most.some(({ Piece, Node, Data }) => Piece?.startsWith(of.piece.slice(0, 12)) && Node === of.node && Data === bytes(of.bytes)), of.piece).toBe(true);
    }
    await visit(opened, server, `transfers?${day}`);
    const { transfers } = await server.ask<TransfersAnswer>(`/api/v1/transfers?${day}&limit=50`);
    expect(transfers.length).toBe(50);
    expect((await rows(page, 'Transfers of the window')).map((of) => [of.Node, of.Action, of.Ended, of.Size, of.Took])).toEqual(
      transfers.map((of) => [of.node, action(of.action), sentence(of.outcome), bytes(of.size_bytes), latency(of.latency_micros)]),
    );
    const known = (await server.ask<NodesAnswer>('/api/v1/nodes')).nodes.map(({ node }) => node);
    expect(known).toEqual(expect.arrayContaining(stage.nodes));
    expect(opened.troubles).toEqual([]);
    await page.context().close();
  });
}
