// Claims about what a chart draws between: one moment alone has its room.

import { expect, test } from 'vitest';
import { spanOf } from './chart';

test('one moment alone has half an hour on either side, whatever the library makes of it', () => {
  expect(spanOf([7_200], 7_200, 7_200, false)).toEqual([5_400, 9_000]);
  expect(spanOf([7_200], 6_480, 7_920, false)).toEqual([5_400, 9_000]);
  expect(spanOf([7_200, 7_260], 7_200, 7_260, false)).toEqual([7_200, 7_260]);
  expect(spanOf([7_200, 7_260], 7_200, 7_260, true)).toEqual([7_200, 7_320]);
});
