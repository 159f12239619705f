// Claims about the order of transfers: it is that of their times to the last digit.
import { expect, it } from 'vitest';
import { newestFirst } from './order';

it('has the newest first, whatever digits of their times are left out', () => {
  const row = (second: string, name = 'n') => ({ at: `2026-11-26T10:31:${second}Z`, name });
  const rows = ['04.15', '04.3', '04', '04.25', '04.1'].map((second) => row(second));
  expect(rows.sort(newestFirst)).toEqual(['04.3', '04.25', '04.15', '04.1', '04'].map((second) => row(second)));
  expect([row('04', 'b'), row('04', 'a')].sort(newestFirst).map(({ name }) => name)).toEqual(['a', 'b']);
});
