// Claims about questions: how they are written, and what is made of answers.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { address, ask } from './ask';
import { Problem } from './problem';

afterEach(() => vi.unstubAllGlobals());

const answer = (status: number, body: string, headers: Record<string, string> = {}) =>
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(body, { status, headers })));

describe('address', () => {
  it('says what is known', () => {
    expect(address('/api/v1/nodes')).toBe('/api/v1/nodes');
    expect(address('/api/v1/traffic', { nodes: [], window: undefined, step: '' })).toBe('/api/v1/traffic');
    expect(address('/t', { nodes: ['attic', 'a b&c'], limit: 5 })).toBe('/t?nodes=attic,a%20b%26c&limit=5');
    expect(address('/t', { from: '2026-11-26T10:00:00Z' })).toBe('/t?from=2026-11-26T10:00:00Z');
  });
});

describe('ask', () => {
  it('gives the answer', async () => {
    answer(200, '{"a":1}');
    expect(await ask('/t', {})).toEqual({ a: 1 });
  });

  it('tells the problem that the server tells', async () => {
    answer(503, '{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"too much at once"}', { 'retry-after': '2' });
    const problem = await ask('/t', {}).catch((error: unknown) => error);
    expect(problem).toBeInstanceOf(Problem);
    expect(problem).toMatchObject({ status: 503, message: 'too much at once', retryAfter: 2, isPassing: true });
  });

  it('makes a problem of whatever else comes', async () => {
    answer(502, '<html>bad gateway</html>');
    await expect(ask('/t', {})).rejects.toMatchObject({ status: 502, isPassing: false });
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed')));
    await expect(ask('/t', {})).rejects.toMatchObject({ status: 0, isPassing: true });
  });
});
