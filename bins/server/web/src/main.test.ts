// Claims about how the page is shown: with its first states or soon without them, and nothing stays subscribed to that nobody draws.
import { afterAll, beforeEach, expect, it, vi } from 'vitest';
import type { Shown } from './protocol/world';

const { mount, heard, left } = vi.hoisted(() => ({ mount: vi.fn(), heard: new Map<string, (shown: Shown) => void>(), left: [] as string[] }));

vi.mock('svelte', async (actual) => ({ ...(await actual<typeof import('svelte')>()), mount }));
vi.mock('./App.svelte', () => ({ default: {} }));
vi.mock('./views/all', () => ({ watchedAt: () => ['overview', 'traffic'], viewOf: () => ({ default: {} }) }));
vi.mock('./protocol/browser', () => ({
  clientOf: () => ({
    start: () => {},
    watch: () => {},
    subscribe: (topic: string, _: unknown, listener: (shown: Shown) => void) => {
      heard.set(topic, listener);
      listener({ state: undefined, isStale: false, fault: undefined });
      return () => left.push(topic);
    },
  }),
}));
const page = { readyState: 'interactive', app: {} as object | null, parsed: () => {} };
vi.stubGlobal('location', { href: 'https://nodes.example/', hash: '#/overview' });
vi.stubGlobal('window', { addEventListener: () => {} });
vi.stubGlobal('document', {
  get readyState() {
    return page.readyState;
  },
  getElementById: () => page.app,
  addEventListener: (_: string, parsed: () => void) => (page.parsed = parsed),
});
vi.useFakeTimers();
afterAll(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

const { show } = await import('./main');
const come = (topic: string) => heard.get(topic)?.({ state: {}, isStale: false, fault: undefined });

beforeEach(() => {
  page.readyState = 'interactive';
  page.app = {};
  mount.mockClear();
  heard.clear();
  left.length = 0;
});

it('is there after 60 ms when no state comes, and waits for none any more', async () => {
  const shown = show();
  come('traffic');
  await vi.advanceTimersByTimeAsync(59);
  expect([mount.mock.calls.length, left]).toEqual([0, []]);
  await vi.advanceTimersByTimeAsync(1);
  await shown;
  expect([mount.mock.calls.length, left]).toEqual([1, ['overview', 'traffic']]);
});

it('is there with its first states, and leaves what it waited for', async () => {
  const shown = show();
  come('traffic');
  come('overview');
  await shown;
  expect([mount.mock.calls.length, left]).toEqual([1, ['overview', 'traffic']]);
});

it('waits until its place is there, and says so where there is none', async () => {
  page.readyState = 'loading';
  const shown = show();
  await vi.advanceTimersByTimeAsync(500);
  expect(mount).not.toHaveBeenCalled();
  page.parsed();
  await shown;
  expect(mount).toHaveBeenCalledOnce();
  page.readyState = 'interactive';
  page.app = null;
  const failed = expect(show()).rejects.toThrow('no place');
  await vi.advanceTimersByTimeAsync(60);
  await failed;
  expect(mount).toHaveBeenCalledOnce();
});
