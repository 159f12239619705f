// What is begun before anything of the page is there: the connection, what the view watches, the view itself, what was chosen.

import { SocketAhead } from './protocol/ahead';
import { USUAL_HZ, keyOf, wanted } from './protocol/topic';
import { placeOf } from './state/address';
import './state/chosen';
import { ENTRIES } from './views/all';

const { view, nodes } = placeOf(location.hash);
const { watches = [], load } = ENTRIES[view];
// The frame around every view counts the alerts of all nodes.
const wants = [...watches.map((topic) => wanted(topic, nodes, USUAL_HZ[topic])), wanted('alerts', [])];
const each = new Map(wants.map((wants) => [keyOf(wants), wants]));
let ahead: SocketAhead | undefined = new SocketAhead(new URL('/ws', location.href), [...each.values()]);

/** The connection that was opened ahead, once; undefined where it is gone already. */
export function socketAhead(): SocketAhead | undefined {
  const taken = ahead?.isOver ? undefined : ahead;
  ahead = undefined;
  return taken;
}

// Who shows it says what went wrong.
load().catch(() => {});
void import('./main');
