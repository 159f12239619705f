// The first connection of the page: opened before all else, it asks for what the address says.

import { placeOf } from '../state/address';
import { watchedAt } from '../views/all';
import { SocketAhead } from './ahead';
import { USUAL_HZ, keyOf, wanted } from './topic';

const at = placeOf(location.hash);
// The frame around every view counts the alerts of all nodes.
const wants = [...watchedAt(at).map((topic) => wanted(topic, at.nodes, USUAL_HZ[topic])), wanted('alerts', [])];
const first = new SocketAhead(new URL('/ws', location.href), [...new Map(wants.map((wants) => [keyOf(wants), wants])).values()]);
let isTaken = false;

/** The connection that was opened ahead, once; undefined where it is gone already. */
export function socketAhead(): SocketAhead | undefined {
  if (isTaken || first.isOver) return undefined;
  isTaken = true;
  return first;
}

/** When it has asked, or that takes longer than nearby: what begins meanwhile would keep the browser from telling that it is open. */
export const hasAsked = Promise.race([first.opened, new Promise<void>((done) => setTimeout(done, 30))]);
