// What is begun before anything of the page is there: the connection, the view that the address names, what was chosen.

import { SocketAhead } from './protocol/ahead';
import './state/chosen';
import { ENTRIES } from './views/all';

let ahead: SocketAhead | undefined = new SocketAhead(new URL('/ws', location.href));

/** The connection that was opened ahead, once; undefined where it is gone already. */
export function socketAhead(): SocketAhead | undefined {
  const taken = ahead?.isOver ? undefined : ahead;
  ahead = undefined;
  return taken;
}

const name = /^#\/?(\w+)/.exec(location.hash)?.[1] ?? '';
const entry = Object.hasOwn(ENTRIES, name) ? ENTRIES[name as keyof typeof ENTRIES] : ENTRIES.overview;
// Who shows it says what went wrong.
entry.load().catch(() => {});
void import('./main');
