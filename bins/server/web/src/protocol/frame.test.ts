// Claims about frames: what the server says is read, and nothing else.
import { describe, expect, it } from 'vitest';
import { readFrame } from './frame';
import * as recorded from './recorded';

describe('readFrame', () => {
  it('reads what the server says', () => {
    expect(readFrame(recorded.HELLO)).toEqual({ kind: 'hello', epoch: '6612d71f44832', version: '0.1.0' });
    expect(readFrame(recorded.SUBSCRIBED)).toEqual({ kind: 'subscribed', sub: 1, view: 'v3', hz: 5 });
    expect(readFrame(recorded.FAULT)).toEqual({ kind: 'fault', reason: 'there is no node nobody', sub: 9 });
    const update = readFrame(recorded.SNAPSHOT);
    expect(update).toMatchObject({ kind: 'update', load: 0, messages: [{ kind: 'snapshot', seq: 1 }] });
    expect(readFrame(recorded.PATCH)).toMatchObject({ messages: [{ kind: 'patch', seq: 2, base: 1 }] });
  });

  it('takes a subscription to every window', () => {
    expect(readFrame('{"subscribed":{"sub":2,"view":"v3","nodes":[],"hz":null}}')).toMatchObject({ hz: null });
  });

  it.each([
    '',
    'no JSON',
    '[]',
    'null',
    '{}',
    '{"hello":{"epoch":1,"version":"1"}}',
    '{"subscribed":{"sub":-1,"view":"v1"}}',
    '{"error":{"sub":1}}',
    '{"t":"2026-01-02T03:04:05.678Z","load":"0.1","messages":[]}',
    '{"t":"2026-01-02T03:04:05.678Z","load":0.1,"messages":{}}',
    '{"t":"2026-01-02T03:04:05.678Z","load":0.1,"messages":[{"seq":1}]}',
  ])('refuses %s', (text) => {
    expect(readFrame(text)).toBeUndefined();
  });

  it.each([
    '{"view":"v1","seq":1.5,"kind":"snapshot","data":{}}',
    '{"view":"v1","seq":1,"kind":"snapshot","data":[]}',
    '{"view":"v1","seq":2,"kind":"patch","data":{}}',
    '{"view":"v1","seq":2,"kind":"delta","data":{}}',
  ])('keeps the view of a message that is strange: %s', (message) => {
    const text = `{"t":"2026-01-02T03:04:05.678Z","load":0.1,"messages":[${message}]}`;
    expect(readFrame(text)).toMatchObject({ messages: [{ kind: 'strange', view: 'v1' }] });
  });
});
