// What is begun before anything of the page is there: the connection first, then the view that the address names, and what was chosen.

import { hasAsked } from './protocol/first';
import './state/chosen';
import { placeOf } from './state/address';
import { ENTRIES } from './views/all';

void hasAsked.then(() => {
  // Who shows it says what went wrong.
  ENTRIES[placeOf(location.hash).view].load().catch(() => {});
  return import('./main');
});
