// Claims about merge patches: the examples of RFC 7396, and what the page relies on.
import { describe, expect, it } from 'vitest';
import { merge, type Json } from './merge';

describe('merge', () => {
  // Appendix A of the RFC.
  const examples: [string, string, string][] = [
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', '{}'],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['["a","b"]', '["c","d"]', '["c","d"]'],
    ['{"a":"b"}', '["c"]', '["c"]'],
    ['{"a":"foo"}', 'null', 'null'],
    ['{"a":"foo"}', '"bar"', '"bar"'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
    ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ];
  it.each(examples)('%s with %s is %s', (target, patch, result) => {
    expect(merge(JSON.parse(target), JSON.parse(patch))).toEqual(JSON.parse(result));
  });

  it('changes nothing in place, and shares what stays', () => {
    const before = { kept: { x: 1 }, changed: { y: 1 } };
    const after = merge(before, { changed: { y: 2 } }) as typeof before;
    expect(before.changed.y).toBe(1);
    expect(after.changed.y).toBe(2);
    expect(after.kept).toBe(before.kept);
  });

  it('knows no key that means more than itself', () => {
    const patch = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"a":1}}') as Json;
    const state = merge({}, patch);
    expect(Object.keys(state as object).sort()).toEqual(['__proto__', 'constructor']);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});
