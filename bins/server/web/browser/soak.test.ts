// What it costs a browser to be open for long, while much happens.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CDPSession, Page } from 'playwright-core';
import { launch, open, quit, settled, VIEWS, visit, type Opened } from './browser';
import { pause, Server, stage } from './server';
import { weight } from './weight';

const EVERY_MS = 10_000;
/** Of a core. */
const SCRIPT_PERCENT_MAX = 5;
/** By how much the memory of the last third may be above that of the second. */
const GROWTH_MAX = 0.1;

interface Sample {
  seconds: number;
  view: string;
  heapBytes: number;
  elements: number;
  scriptPercent: number;
  taskPercent: number;
}

/** A page that is looked at again and again. */
class Watched {
  readonly samples: Sample[] = [];
  #last: Record<string, number> = {};

  private constructor(
    readonly name: string,
    readonly opened: Opened,
    readonly session: CDPSession,
  ) {}

  static async on(name: string, server: Server): Promise<Watched> {
    const opened = await open();
    await visit(opened, server, 'overview');
    const session = await opened.page.context().newCDPSession(opened.page);
    await session.send('Performance.enable');
    await session.send('HeapProfiler.enable');
    const watched = new Watched(name, opened, session);
    await watched.#measured();
    return watched;
  }

  async #measured(): Promise<Record<string, number>> {
    const { metrics } = await this.session.send('Performance.getMetrics');
    return (this.#last = Object.fromEntries(metrics.map(({ name, value }) => [name, value])));
  }

  async look(seconds: number): Promise<void> {
    const before = this.#last;
    // What was done until now, and not what it costs to look.
    const now = await this.#measured();
    const share = (name: string) => (((now[name] ?? 0) - (before[name] ?? 0)) / ((now.Timestamp ?? 0) - (before.Timestamp ?? 0))) * 100;
    const [scriptPercent, taskPercent] = [share('ScriptDuration'), share('TaskDuration')];
    await this.session.send('HeapProfiler.collectGarbage');
    const { JSHeapUsedSize = 0, Nodes = 0 } = await this.#measured();
    const view = new URL(this.opened.page.url()).hash.slice(2);
    const sample = { seconds, view, heapBytes: JSHeapUsedSize, elements: Nodes, scriptPercent, taskPercent };
    this.samples.push(sample);
    console.log([Math.round(seconds), this.name, view, JSHeapUsedSize, Nodes, scriptPercent.toFixed(2), taskPercent.toFixed(2)].join(','));
  }
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

const server = new Server('full.toml');

beforeAll(async () => {
  await Promise.all([launch(), server.start()]);
  await server.ready();
});

afterAll(async () => {
  await quit();
  await server.kill();
});

async function nextView(page: Page, turn: number): Promise<void> {
  await page.evaluate((view) => { location.hash = `#/${view}`; }, VIEWS[turn % VIEWS.length]);
  await settled(page);
}

const length = stage.soakSeconds ?? 0;

if (length > 0) weight(server);

test.skipIf(length === 0)('a page that is open for long costs little and holds no more than before', { timeout: (length + 120) * 1000 }, async () => {
  const stays = await Watched.on('stays', server);
  const wanders = await Watched.on('wanders', server);
  const lines = async () => Object.values((await server.ask<{ nodes: Record<string, { lines?: number }> }>('/api/v1/status')).nodes).reduce((sum, of) => sum + (of.lines ?? 0), 0);
  console.log('seconds,page,view,heap_bytes,dom_nodes,script_percent,task_percent');
  const since = performance.now();
  const before = await lines();
  const elapsed = () => (performance.now() - since) / 1000;
  for (let turn = 1; elapsed() < length; turn += 1) {
    await pause(Math.max(0, since + turn * EVERY_MS - performance.now()));
    await stays.look(elapsed());
    await wanders.look(elapsed());
    await nextView(wanders.opened.page, turn);
  }
  // Each transfer is two of them.
  const perSecond = ((await lines()) - before) / elapsed();
  console.log(`${perSecond.toFixed(0)} lines a second were read`);
  expect(perSecond).toBeGreaterThan(700);
  for (const { name, samples, opened } of [stays, wanders]) {
    const third = Math.floor(samples.length / 3);
    const heap = (from: number, to?: number) => mean(samples.slice(from, to).map(({ heapBytes }) => heapBytes));
    const growth = heap(-third) / heap(third, -third) - 1;
    const script = mean(samples.map(({ scriptPercent }) => scriptPercent));
    const task = mean(samples.map(({ taskPercent }) => taskPercent));
    console.log(`${name}: memory ${(growth * 100).toFixed(1)} % above the third before, scripts ${script.toFixed(2)} % of a core, all of the page's thread ${task.toFixed(2)} %`);
    expect(opened.troubles, name).toEqual([]);
    expect(script, `${name}: scripts`).toBeLessThanOrEqual(SCRIPT_PERCENT_MAX);
    // Views differ in what they hold: without a round of them in each third there is nothing to compare.
    if (name === 'stays' || third >= VIEWS.length) expect(growth, `${name}: memory`).toBeLessThanOrEqual(GROWTH_MAX);
  }
});
