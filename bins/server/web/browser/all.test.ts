// All that is claimed of the page, in one browser with one server.

import { afterAll, beforeAll } from 'vitest';
import { acting, signingIn } from './acting';
import { launch, quit } from './browser';
import { figures } from './figures';
import { following } from './following';
import { Server } from './server';
import { tables } from './tables';
import { viewsOfNothing, viewsWithData, viewsWithoutServer } from './views';
import { watching } from './watching';
import { weight } from './weight';

const full = new Server('full.toml');
const empty = new Server('empty.toml');
const guarded = new Server('guarded.toml', 'a token that is long enough');

beforeAll(async () => {
  await Promise.all([launch(), full.start(), empty.start(), guarded.start()]);
  await full.ready();
});

afterAll(async () => {
  await quit();
  await Promise.all([full.kill(), empty.kill(), guarded.kill()]);
});

weight(full);
watching(full);
viewsWithData(full);
figures(full);
tables(full);
following(full);
viewsOfNothing(empty);
acting(full);
signingIn(guarded);
// Last, since it kills the server.
viewsWithoutServer(full);
