// Claims about the address bar: a place and its fragment are the same.
import { describe, expect, it } from 'vitest';
import { fragmentOf, lengthOf, placeOf, type Place } from './address';

const nowhere: Place = { view: 'overview', nodes: [], leftOut: 0, window: undefined, from: undefined, to: undefined, more: {} };

describe('a place', () => {
  const places: [string, Partial<Place>][] = [
    ['#/overview', {}],
    ['#/traffic?nodes=attic,barn&window=7d', { view: 'traffic', nodes: ['attic', 'barn'], window: '7d' }],
    ['#/latency?nodes=a%2Cb', { view: 'latency', nodes: ['a,b'] }],
    ['#/latency?nodes=d%C3%A9p%C3%B4t%20%261', { view: 'latency', nodes: ['dépôt &1'] }],
    [
      '#/errors?from=2026-11-01T00:00:00Z&to=2026-11-02T00:00:00Z',
      { view: 'errors', from: '2026-11-01T00:00:00Z', to: '2026-11-02T00:00:00Z' },
    ],
    ['#/transfers?window=1h&action=GET&outcome=failed', { view: 'transfers', window: '1h', more: { action: 'GET', outcome: 'failed' } }],
  ];
  it.each(places)('%s is read and written', (fragment, place) => {
    expect(placeOf(fragment)).toEqual({ ...nowhere, ...place });
    expect(fragmentOf({ ...nowhere, ...place })).toBe(fragment);
  });

  it.each(['', '#', '#/', '#/nowhere', '#/overview?', '#/overview?window=ever&from=soon&nodes=&=x&%', '#/__proto__'])(
    '%s is the overview',
    (fragment) => expect(placeOf(fragment)).toEqual(nowhere),
  );

  it('names no more nodes than can be asked for', () => {
    const { nodes, leftOut } = placeOf(`#/traffic?nodes=${Array.from({ length: 203 }, (_, index) => `n${index}`).join(',')}`);
    expect([nodes.length, leftOut]).toEqual([200, 3]);
  });

  it('has a window of some length', () => {
    const now = Date.parse('2026-11-26T00:00:00Z');
    expect(lengthOf(nowhere, now)).toBeUndefined();
    expect(lengthOf({ ...nowhere, window: '7d' }, now)).toBe(7 * 86_400);
    expect(lengthOf({ ...nowhere, from: '2026-11-20T00:00:00Z' }, now)).toBe(6 * 86_400);
    expect(lengthOf({ ...nowhere, from: '2026-11-20T00:00:00Z', to: '2026-11-20T01:00:00Z' }, now)).toBe(3_600);
  });

  it('names no node twice', () => {
    expect(placeOf('#/traffic?nodes=a,b,,a').nodes).toEqual(['a', 'b']);
  });
});
