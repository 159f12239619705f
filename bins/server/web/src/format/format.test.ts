// Claims about how figures look.
import { describe, expect, it, vi } from 'vitest';
import { bitRate, byteChange, bytes, pieceRate } from './bytes';
import { age, duration, latency } from './duration';
import { fineMoney, fineMoneyChange, money, sumOf } from './money';
import { count, percent, points, shortCount, some, UNKNOWN } from './number';
import { millis, moment, momentWithZone, month, monthPlus, shortDay, timeOfDay, zoneName } from './time';
import { action, byAction, country, isDownload, isUpload, sentence } from './words';

function check<T>(show: (value: T) => string, examples: [T, string][]): void {
  for (const [value, text] of examples) expect(show(value), String(value)).toBe(text);
}

describe('bytes', () => {
  it('are in units of a thousand, with three figures', () => {
    check(bytes, [
      [0, '0 B'],
      [999, '999 B'],
      [1_000, '1.00 kB'],
      [999_499, '999 kB'],
      [999_500, '1.00 MB'],
      [9_994_999, '9.99 MB'],
      [9_995_001, '10.0 MB'],
      [12_345_678, '12.3 MB'],
      [1_099_511_627_776, '1.10 TB'],
      [2_500_000_000_000_000, '2.50 PB'],
      [-1_500, '−1.50 kB'],
      [null, UNKNOWN],
      [undefined, UNKNOWN],
    ]);
    check(byteChange, [[3_200_000_000, '+3.20 GB'], [-5, '−5 B'], [0, '0 B']]);
  });

  it('in a second are bits', () => {
    check(bitRate, [[0, '0 bit/s'], [4_053_333, '4.05 Mbit/s'], [999_600, '1.00 Mbit/s'], [null, UNKNOWN]]);
    check(pieceRate, [[1.25, '1.25 pieces/s'], [120.4, '120 pieces/s']]);
  });
});

describe('money', () => {
  it('is shown to the cent, as the server shows it', () => {
    check(money, [
      [0, '$0.00'],
      [4_999, '$0.00'],
      [-4_999, '$0.00'],
      [5_000, '$0.01'],
      [-5_000, '−$0.01'],
      [1_644_900, '$1.64'],
      [1_234_500_000, '$1,234.50'],
      [999_995_000, '$1,000.00'],
      [null, UNKNOWN],
    ]);
    check(fineMoney, [[1_644_949, '$1.6449'], [50, '$0.0001'], [49, '$0.0000']]);
    check(fineMoneyChange, [[120_000, '+$0.1200'], [-120_000, '−$0.1200'], [10, '$0.0000']]);
  });

  it('of which a part is not known is the sum of the rest', () => {
    expect(sumOf([1, null, 2, undefined])).toBe(3);
    expect(sumOf([null])).toBeNull();
    expect(sumOf([])).toBeNull();
  });
});

describe('numbers', () => {
  it('have their thousands set apart', () => {
    check(count, [[0, '0'], [1_204, '1,204'], [12_345_678, '12,345,678'], [null, UNKNOWN]]);
    check(shortCount, [[0, '0'], [999, '999'], [1_204, '1.20k'], [999_600, '1.00M'], [0.5, '0.5']]);
    expect([some(1, 'node'), some(3, 'node'), some(2, 'country', 'countries')]).toEqual(['1 node', '3 nodes', '2 countries']);
  });

  it('that are nearly all are not shown as all', () => {
    check((share: number | null) => percent(share), [
      [1, '100%'],
      [0.99999, '>99.9%'],
      [0.9994, '99.9%'],
      [0.98765, '98.8%'],
      [0.00001, '<0.1%'],
      [0, '0%'],
      [null, UNKNOWN],
      [Number.NaN, UNKNOWN],
    ]);
    check((change: number) => points(change), [[0.003, '+0.30'], [-0.003, '−0.30'], [0.00001, '0.00'], [-0.00001, '0.00']]);
  });
});

describe('times', () => {
  it('last as long as they last', () => {
    check(duration, [
      [0, '0 s'],
      [12, '12 s'],
      [60, '1 min'],
      [3_599.6, '1 h'],
      [3_725, '1 h 2 min'],
      [86_400 * 3 + 4 * 3_600 + 59, '3 d 4 h'],
      [86_400 * 365, '1 y'],
      [-90, '−1 min 30 s'],
      [null, UNKNOWN],
    ]);
    check(latency, [[850, '850 µs'], [12_345, '12.3 ms'], [999_499, '999 ms'], [1_200_000, '1.20 s'], [125_000_000, '2 min 5 s']]);
  });

  it('are so long ago', () => {
    expect([age(0, 1_000), age(0, 12_000), age(0, 7_300_000), age(5 * 86_400_000, 0)]).toEqual([
      'now',
      '12 s ago',
      '2 h ago',
      'in 5 d',
    ]);
  });

  it('are of the zone of whoever looks', () => {
    const at = '2026-11-26T10:31:04.250Z';
    vi.stubEnv('TZ', 'Europe/Vienna');
    expect(moment(at)).toBe('26 Nov 2026, 11:31');
    expect(moment('2026-11-25T23:05:00Z', 'day')).toBe('26 Nov 2026');
    expect(timeOfDay(at, 'millisecond')).toBe('11:31:04.250');
    expect(timeOfDay('2026-11-25T23:05:00Z', 'minute')).toBe('00:05');
    expect(shortDay(Date.parse('2026-09-30T22:00:00Z'))).toBe('1 Oct');
    expect(zoneName(Date.parse(at))).toBe('CET');
    expect(momentWithZone('2026-07-01T10:00:00Z')).toBe('1 Jul 2026, 12:00:00 CEST');
    expect([moment(null), moment('soon'), millis('soon')]).toEqual([UNKNOWN, UNKNOWN, undefined]);
    vi.unstubAllEnvs();
  });

  it('are months', () => {
    expect([month('2026-11'), month('2026-09', 'short'), month('2026-13'), month('all')]).toEqual(['November 2026', 'Sep 2026', '2026-13', 'all']);
    expect([monthPlus('2026-11', 2), monthPlus('2026-01', -1), monthPlus('2026-11', -11)]).toEqual(['2027-01', '2025-12', '2025-12']);
  });
});

describe('words', () => {
  it('are those of people', () => {
    expect([action('GET'), action('GET_AUDIT'), action('NEW_THING')]).toEqual(['Download', 'Audit', 'NEW THING']);
    expect(sentence('used_space_walker')).toBe('Used space walker');
    expect(['GET_AUDIT', 'NEW', 'PUT', 'GET'].sort(byAction)).toEqual(['GET', 'PUT', 'GET_AUDIT', 'NEW']);
    expect([isUpload('PUT_REPAIR'), isDownload('GET_REPAIR'), isUpload('DELETE'), isDownload('DELETE')]).toEqual([true, true, false, false]);
    expect([country('DE'), country('ZZ'), country('XP')]).toEqual(['Germany', 'Unknown', 'Private network']);
  });
});
