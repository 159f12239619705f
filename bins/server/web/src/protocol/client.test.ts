// Claims about the client, with frames as they are recorded and a world without sockets and clocks.
import { beforeEach, describe, expect, it } from 'vitest';
import { LiveClient } from './client';
import * as recorded from './recorded';
import type { Connection, Shown, Socket } from './world';

class FakeSocket implements Socket {
  sent: Record<string, unknown>[] = [];
  isClosed = false;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }
  close(): void {
    this.isClosed = true;
  }
  say(...frames: string[]): void {
    for (const data of frames) this.onmessage?.({ data });
  }
  end(code = 1006, reason = ''): void {
    this.onclose?.({ code, reason });
  }
  ops(op: string): Record<string, unknown>[] {
    return this.sent.filter((message) => message.op === op);
  }
}

class FakeWorld {
  time = 0;
  sockets: FakeSocket[] = [];
  timers = new Map<number, { at: number; run: () => void }>();
  refusals = 0;
  #next = 1;
  connect = (): Socket => {
    const socket = new FakeSocket();
    this.sockets.push(socket);
    return socket;
  };
  now = () => this.time;
  random = () => 1;
  setTimer = (run: () => void, ms: number) => {
    this.timers.set(this.#next, { at: this.time + ms, run });
    return this.#next++;
  };
  clearTimer = (timer: number) => void this.timers.delete(timer);
  onRefused = () => void (this.refusals += 1);

  pass(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const due = [...this.timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (due === undefined) break;
      this.timers.delete(due[0]);
      this.time = due[1].at;
      due[1].run();
    }
    this.time = end;
  }

  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error('nobody connected');
    return socket;
  }
}

let world: FakeWorld;
let client: LiveClient;
let shown: Shown;
let connection: Connection;
const look = (what: Shown) => void (shown = what);

beforeEach(() => {
  world = new FakeWorld();
  client = new LiveClient(world);
  client.watch((now) => (connection = now));
  client.start();
});

/** Connected, with the state of `overview` at sequence 1. */
function watching(): FakeSocket {
  client.subscribe('overview', ['attic'], look, 5);
  world.socket.say(recorded.HELLO, recorded.SUBSCRIBED, recorded.SNAPSHOT);
  return world.socket;
}

describe('subscriptions', () => {
  it('are said after the hello, and shown from the first snapshot on', () => {
    client.subscribe('overview', ['attic'], look, 5);
    expect(world.socket.sent).toEqual([]);
    expect(shown.state).toBeUndefined();
    world.socket.say(recorded.HELLO);
    expect(world.socket.sent).toEqual([
      { op: 'subscribe', sub: 1, topic: 'overview', nodes: ['attic'], max_hz: 5 },
    ]);
    world.socket.say(recorded.SUBSCRIBED, recorded.SNAPSHOT);
    expect(shown).toEqual({ state: recorded.OVERVIEW, isStale: false, fault: undefined });
    expect(connection).toMatchObject({ state: 'live', epoch: '6612d71f44832', version: '0.1.0', load: 0 });
  });

  it('of the same topic, nodes and rate are one', () => {
    const socket = watching();
    let other: Shown | undefined;
    const leave = client.subscribe('overview', ['attic', 'attic'], (what) => (other = what), 5);
    expect(other?.state).toEqual(recorded.OVERVIEW);
    client.subscribe('overview', ['attic'], () => {}, 1);
    expect(socket.ops('subscribe').map((said) => said.sub)).toEqual([1, 2]);
    leave();
    world.pass(10_000);
    expect(socket.ops('unsubscribe')).toEqual([]);
  });

  it('outlive their last listener a little', () => {
    const leave = client.subscribe('alerts', [], () => {});
    world.socket.say(recorded.HELLO);
    leave();
    world.pass(1_000);
    const leaveAgain = client.subscribe('alerts', [], () => {});
    world.pass(10_000);
    expect(world.socket.ops('unsubscribe')).toEqual([]);
    leaveAgain();
    world.pass(10_000);
    expect(world.socket.ops('unsubscribe')).toEqual([{ op: 'unsubscribe', sub: 1 }]);
  });

  it('of more nodes than can be named are of all', () => {
    client.subscribe('overview', Array.from({ length: 201 }, (_, index) => `n${index}`), () => {});
    world.socket.say(recorded.HELLO);
    expect(world.socket.sent[0]).toMatchObject({ nodes: [] });
  });

  it('that are refused say why', () => {
    client.subscribe('overview', ['nobody'], look);
    world.socket.say(recorded.HELLO, '{"error":{"reason":"there is no node nobody","sub":1}}');
    expect(shown.fault).toBe('there is no node nobody');
  });

  it('that are refused are asked for again, as long as somebody wants them', () => {
    const leave = client.subscribe('overview', ['nobody'], look);
    const refusal = '{"error":{"reason":"too many different views are watched","sub":1}}';
    world.socket.say(recorded.HELLO, refusal, refusal);
    world.pass(15_000);
    expect(world.socket.ops('subscribe')).toHaveLength(2);
    world.socket.say(refusal);
    leave();
    world.pass(30_000);
    expect(world.socket.ops('subscribe')).toHaveLength(2);
  });

  it('do not linger in a crowd', () => {
    world.socket.say(recorded.HELLO);
    const leave = Array.from({ length: 20 }, (_, index) => client.subscribe('overview', [`n${index}`], () => {}));
    leave[0]?.();
    expect(world.socket.ops('unsubscribe')).toEqual([]);
    client.subscribe('overview', ['one more'], () => {});
    expect(world.socket.ops('unsubscribe')).toEqual([{ op: 'unsubscribe', sub: 1 }]);
    client.subscribe('overview', ['and another'], () => {});
    leave[1]?.();
    expect(world.socket.ops('unsubscribe')).toHaveLength(2);
  });

  it('move to another view without a break', () => {
    const socket = watching();
    socket.say('{"subscribed":{"sub":1,"view":"v8","nodes":["attic"],"hz":0.2}}');
    expect(shown.state).toEqual(recorded.OVERVIEW);
    socket.say(recorded.PATCH);
    expect(shown.state).toEqual(recorded.OVERVIEW);
    socket.say('{"t":"2026-11-26T10:31:09Z","load":0,"messages":[{"view":"v8","seq":3,"kind":"snapshot","data":{"a":1}}]}');
    expect(shown.state).toEqual({ a: 1 });
  });
});

describe('patches', () => {
  it('change what they name', () => {
    watching().say(recorded.PATCH, recorded.REMOVAL);
    const state = shown.state as unknown as typeof recorded.OVERVIEW;
    expect(state.total).toEqual({ ...recorded.OVERVIEW.total, count: 720, canceled: 38, success_rate: 0.9167 });
    expect(state.actions.PUT).toEqual(recorded.OVERVIEW.actions.PUT);
    expect('disk' in (state.nodes.attic ?? {})).toBe(false);
  });

  it('after a gap wait for one snapshot, which is asked for once', () => {
    const socket = watching();
    socket.say(recorded.PATCH, recorded.LATER_PATCH, recorded.LATER_PATCH);
    expect(socket.ops('resync')).toEqual([{ op: 'resync', view: 'v3' }]);
    expect(shown.state).toMatchObject({ total: { count: 720 } });
    socket.say(recorded.NEW_SNAPSHOT);
    expect(shown.state).toEqual(recorded.NEW_OVERVIEW);
  });

  it('that are old change nothing', () => {
    const socket = watching();
    socket.say(recorded.PATCH, recorded.PATCH, recorded.SNAPSHOT);
    expect(shown.state).toMatchObject({ total: { count: 720 } });
    expect(socket.ops('resync')).toEqual([]);
  });
});

describe('a gap', () => {
  it('is asked about until the snapshot comes, and is not shown as live meanwhile', () => {
    const socket = watching();
    socket.say(recorded.PATCH, recorded.LATER_PATCH);
    world.pass(4_900);
    expect(shown.isStale).toBe(false);
    world.pass(5_200);
    expect(socket.ops('resync')).toHaveLength(3);
    expect(shown).toMatchObject({ isStale: true, state: { total: { count: 720 } } });
    socket.say(recorded.NEW_SNAPSHOT);
    expect(shown).toEqual({ state: recorded.NEW_OVERVIEW, isStale: false, fault: undefined });
    world.pass(20_000);
    expect(socket.ops('resync')).toHaveLength(3);
  });
});

describe('what is not understood', () => {
  it('is answered with a resync of everything', () => {
    const socket = watching();
    socket.say('{"weather":"fine"}');
    expect(socket.ops('resync')).toEqual([{ op: 'resync', view: 'v3' }]);
    expect(shown.state).toEqual(recorded.OVERVIEW);
    socket.say(recorded.NEW_SNAPSHOT);
    expect(shown.state).toEqual(recorded.NEW_OVERVIEW);
  });

  it('in one message concerns its view alone', () => {
    const socket = watching();
    socket.say('{"t":"2026-11-26T10:31:05Z","load":0,"messages":[{"view":"v3","seq":2,"kind":"delta","data":{}}]}');
    expect(socket.ops('resync')).toEqual([{ op: 'resync', view: 'v3' }]);
  });

  it('again and again ends the connection', () => {
    const socket = watching();
    for (let time = 0; time < 5; time += 1) socket.say('{"weather":"fine"}');
    expect(socket.isClosed).toBe(true);
    expect(connection).toMatchObject({ state: 'waiting', isForeign: true });
    world.pass(60_000);
    world.socket.say('{"hello":{"epoch":"18f2b7","version":"0.2.0"}}');
    expect(connection).toMatchObject({ state: 'live', isForeign: false });
  });
});

describe('a connection that ends', () => {
  it('leaves what is shown, as stale, and comes back later and later', () => {
    watching();
    world.pass(1);
    const waits = [];
    for (let time = 0; time < 8; time += 1) {
      world.socket.end();
      expect(shown).toMatchObject({ isStale: true, state: recorded.OVERVIEW });
      const before = world.time;
      const { retryAt } = connection;
      waits.push((retryAt ?? 0) - before);
      world.pass((retryAt ?? 0) - before);
      expect(connection.state).toBe('connecting');
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
    expect(world.refusals).toBe(7);
  });

  it('and lasted is followed by another at once', () => {
    watching();
    for (let time = 0; time < 3; time += 1) {
      world.pass(6_000);
      world.socket.end(1001, 'the server stops');
      expect(connection).toMatchObject({ state: 'waiting', reason: 'the server stops', retryAt: world.time + 500 });
      world.pass(500);
      world.socket.say(recorded.HELLO);
      expect(world.socket.ops('subscribe')).toHaveLength(1);
    }
  });

  it('goes on with what was shown when the server is the same', () => {
    watching();
    world.socket.end();
    world.pass(500);
    world.socket.say(recorded.HELLO, recorded.SUBSCRIBED);
    expect(shown).toMatchObject({ isStale: true, state: recorded.OVERVIEW });
    world.socket.say(recorded.NEW_SNAPSHOT);
    expect(shown).toMatchObject({ isStale: false, state: recorded.NEW_OVERVIEW });
  });

  it('leaves what was seen lately to whoever looks again', () => {
    const leave = client.subscribe('overview', ['attic'], () => {}, 5);
    world.socket.say(recorded.HELLO, recorded.SUBSCRIBED, recorded.SNAPSHOT);
    leave();
    world.pass(30_000);
    client.subscribe('overview', ['attic'], look, 1);
    expect(shown.state).toBeUndefined();
    world.socket.end();
    client.subscribe('overview', ['attic'], look, 2);
    expect(shown).toEqual({ state: recorded.OVERVIEW, isStale: true, fault: undefined });
    client.subscribe('overview', ['barn'], look);
    expect(shown.state).toBeUndefined();
  });

  it('begins anew when the server has', () => {
    watching();
    world.socket.end();
    world.pass(500);
    world.socket.say(recorded.OTHER_HELLO);
    expect(shown).toEqual({ state: undefined, isStale: false, fault: undefined });
    // Numbers of another server mean nothing.
    world.socket.say(recorded.SUBSCRIBED, recorded.SNAPSHOT);
    expect(shown.state).toEqual(recorded.OVERVIEW);
  });

  it('because of what the page did waits longer', () => {
    watching();
    world.socket.end(1008, 'too many messages');
    expect((connection.retryAt ?? 0) - world.time).toBe(10_000);
    client.hurry();
    expect(world.sockets).toHaveLength(2);
  });

  it('says nothing any more', () => {
    const socket = watching();
    client.stop();
    socket.say(recorded.PATCH);
    expect(shown.state).toEqual(recorded.OVERVIEW);
    world.pass(100_000);
    expect(world.sockets).toHaveLength(1);
  });
});

describe('silence', () => {
  it('is asked about, and ends the connection if there is no answer', () => {
    const socket = watching();
    world.pass(45_000);
    expect(socket.ops('resync')).toHaveLength(1);
    socket.say(recorded.NEW_SNAPSHOT);
    world.pass(44_000);
    expect(connection.state).toBe('live');
    world.pass(16_000);
    expect(socket.isClosed).toBe(true);
    expect(connection.state).toBe('waiting');
  });

  it('before the hello does so, too', () => {
    world.pass(60_000);
    expect(world.sockets[0]?.isClosed).toBe(true);
    expect(world.refusals).toBe(1);
  });

  it('of whoever watches nothing is no silence', () => {
    world.socket.say(recorded.HELLO);
    world.pass(300_000);
    expect(connection.state).toBe('live');
  });
});

describe('visibility', () => {
  it('is told when it changes, and after each hello while nobody looks', () => {
    const socket = watching();
    client.setHidden(true);
    client.setHidden(true);
    client.setHidden(false);
    expect(socket.ops('visibility').map((said) => said.hidden)).toEqual([true, false]);
    client.setHidden(true);
    socket.end();
    world.pass(500);
    world.socket.say(recorded.HELLO);
    expect(world.socket.sent[0]).toEqual({ op: 'visibility', hidden: true });
  });

  it('of a page that is looked at again makes sure that the server is there', () => {
    const socket = watching();
    client.setHidden(true);
    client.setHidden(false);
    expect(socket.ops('resync')).toHaveLength(1);
    socket.say(recorded.NEW_SNAPSHOT);
    world.pass(6_000);
    expect(connection.state).toBe('live');
    client.hurry();
    world.pass(5_000);
    expect(socket.isClosed).toBe(true);
    expect(connection.state).toBe('waiting');
  });

  it('is nothing without a network', () => {
    watching();
    client.lost('this device is offline');
    expect(connection).toMatchObject({ state: 'waiting', reason: 'this device is offline' });
    expect(shown.isStale).toBe(true);
  });

  it('of a page that is looked at again hurries', () => {
    client.setHidden(true);
    world.socket.end();
    client.setHidden(false);
    expect(world.sockets).toHaveLength(2);
  });
});
