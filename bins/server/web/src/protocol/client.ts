// The WebSocket client: connects, subscribes, mends gaps, comes back. It knows no framework.

import { waitBefore } from './backoff';
import { readFrame, type Update } from './frame';
import { Kept } from './kept';
import { Mirror } from './mirror';
import { keyOf, subscribeText, wanted, type Topic, type Wanted } from './topic';
import type { Connection, Shown, Socket, World } from './world';

interface Subscription {
  sub: number;
  wanted: Wanted;
  shown: Shown;
  listeners: Set<(shown: Shown) => void>;
  leaving: number | undefined;
  /** It was refused, and is asked for again then. */
  asking: number | undefined;
}

/** How long a subscription outlives its last listener: the next view often wants the same. */
const LINGER_MS = 2_000;
/** With more subscriptions than these none lingers: the server closes whoever has more than 32. */
const CROWD = 20;
/** A refusal may pass: so long after it the same is asked for again. */
const REFUSED_MS = 15_000;
/** So long after a gap the snapshot is asked for again, and what is shown is no longer called live. */
const MEND_MS = 5_000;
/** After so long without a frame the server is asked for one. */
const QUIET_MS = 45_000;
/** If none comes then either, the connection is dead. */
const ANSWER_MS = 15_000;
/** The same when somebody comes back to the page: nobody shall look at a dead one for long. */
const PROBE_MS = 5_000;
/** A connection that lasted so long was a good one. */
const GOOD_MS = 5_000;
/** How many frames in a row may be strange before the page gives the connection up. */
const STRANGE_MAX = 5;
/** Codes by which the server says that the page did something that it may not. */
const REPROACHES = [1008, 1009];

const NOTHING: Shown = { state: undefined, isStale: false, fault: undefined };

/** The client. Listeners are told the newest state at once and with each change. */
export class LiveClient {
  #world: World;
  #socket: Socket | undefined;
  #mirror = new Mirror();
  #kept = new Kept();
  /** When the connection was last live. */
  #brokeAt = 0;
  /** Views with a gap, each with the timer that asks again. */
  #mending = new Map<string, number>();
  #subscriptions = new Map<string, Subscription>();
  #bySub = new Map<number, Subscription>();
  #nextSub = 1;
  #connection: Connection = {
    state: 'connecting',
    retryAt: undefined,
    reason: undefined,
    epoch: undefined,
    version: undefined,
    isForeign: false,
    load: 0,
    skewMs: 0,
  };
  #watchers = new Set<(connection: Connection) => void>();
  #isHidden = false;
  #isStopped = true;
  #failures = 0;
  #strange = 0;
  #helloAt: number | undefined;
  #retryTimer: number | undefined;
  #quietTimer: number | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  /** Connects, and stays connected until `stop`. */
  start(): void {
    if (!this.#isStopped) return;
    this.#isStopped = false;
    this.#open();
  }

  stop(): void {
    this.#isStopped = true;
    this.#clearTimers();
    const socket = this.#socket;
    this.#leave();
    socket?.close();
  }

  /** Tries now instead of later, or makes sure: the page is looked at again, or the network is back. */
  hurry(): void {
    if (this.#isStopped) return;
    if (this.#socket !== undefined) return this.#probe();
    this.#clearTimers();
    this.#open();
  }

  /** The network is gone: a socket would be silent for long before it closes. */
  lost(reason: string): void {
    if (!this.#isStopped && this.#socket !== undefined) this.#abandon(reason);
  }

  /** Says whether somebody looks at the page. */
  setHidden(isHidden: boolean): void {
    if (isHidden === this.#isHidden) return;
    this.#isHidden = isHidden;
    if (this.#helloAt !== undefined) this.#sendVisibility();
    if (!isHidden) this.hurry();
  }

  /** Tells how the connection is, now and with each change. Gives what ends it. */
  watch(watcher: (connection: Connection) => void): () => void {
    this.#watchers.add(watcher);
    watcher(this.#connection);
    return () => this.#watchers.delete(watcher);
  }

  /** Subscribes; the same topic, nodes and rate are one subscription. Gives what ends it. */
  subscribe(
    topic: Topic,
    nodes: readonly string[],
    listener: (shown: Shown) => void,
    maxHz?: number,
  ): () => void {
    const of = this.#subscriptionOf(wanted(topic, nodes, maxHz));
    if (of.leaving !== undefined) this.#world.clearTimer(of.leaving);
    of.leaving = undefined;
    of.listeners.add(listener);
    listener(of.shown);
    return () => {
      if (!of.listeners.delete(listener) || of.listeners.size > 0) return;
      if (this.#bySub.size > CROWD) this.#drop(of);
      else of.leaving = this.#world.setTimer(() => this.#drop(of), LINGER_MS);
    };
  }

  /** What a subscription to this would be told at once. */
  peek(topic: Topic, nodes: readonly string[], maxHz?: number): Shown {
    return this.#subscriptions.get(keyOf(wanted(topic, nodes, maxHz)))?.shown ?? NOTHING;
  }

  #subscriptionOf(wants: Wanted): Subscription {
    const key = keyOf(wants);
    const known = this.#subscriptions.get(key);
    if (known !== undefined) return known;
    if (this.#bySub.size >= CROWD) {
      for (const of of [...this.#bySub.values()]) if (of.leaving !== undefined) this.#drop(of);
    }
    const seen = this.#helloAt === undefined ? this.#kept.get(wants, this.#brokeAt) : undefined;
    const of: Subscription = {
      sub: this.#nextSub++,
      wanted: wants,
      shown: seen === undefined ? NOTHING : { state: seen, isStale: true, fault: undefined },
      listeners: new Set(),
      leaving: undefined,
      asking: undefined,
    };
    this.#subscriptions.set(key, of);
    this.#bySub.set(of.sub, of);
    if (this.#helloAt !== undefined) this.#socket?.send(subscribeText(of.sub, wants));
    return of;
  }

  #drop(of: Subscription): void {
    const { now, clearTimer } = this.#world;
    for (const timer of [of.leaving, of.asking]) if (timer !== undefined) clearTimer(timer);
    if (of.shown.state !== undefined) this.#kept.put(of.wanted, of.shown.state, now());
    this.#subscriptions.delete(keyOf(of.wanted));
    this.#bySub.delete(of.sub);
    this.#mirror.forget(of.sub);
    if (this.#helloAt !== undefined) this.#unsubscribe(of.sub);
  }

  #open(): void {
    this.#tell({ state: 'connecting', retryAt: undefined });
    const socket = this.#world.connect();
    // What was asked ahead is the client's own, until it turns out that nobody listens.
    if (this.#nextSub === 1) {
      for (const wants of socket.asked?.values() ?? []) this.subscribe(wants.topic, wants.nodes, () => {}, wants.maxHz)();
    }
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      if (socket === this.#socket && typeof data === 'string') this.#take(data);
    };
    socket.onclose = ({ code, reason }) => {
      if (socket === this.#socket) this.#closed(code, reason);
    };
    // A connection that says nothing at all is as dead as one that falls silent.
    this.#expectFrame();
  }

  /** Lets go of the socket: nothing that it still says counts. */
  #leave(): void {
    if (this.#socket !== undefined) {
      this.#socket.onmessage = null;
      this.#socket.onclose = null;
    }
    this.#socket = undefined;
    this.#helloAt = undefined;
    this.#mirror.clear();
    for (const timer of this.#mending.values()) this.#world.clearTimer(timer);
    this.#mending.clear();
  }

  #closed(code: number, reason: string): void {
    const { now, random, setTimer } = this.#world;
    const wasGood = this.#helloAt !== undefined && now() - this.#helloAt >= GOOD_MS;
    const hadHello = this.#helloAt !== undefined;
    if (hadHello) this.#brokeAt = now();
    this.#clearTimers();
    this.#leave();
    this.#failures = wasGood ? 0 : this.#failures;
    for (const of of this.#bySub.values()) this.#show(of, { ...of.shown, isStale: true });
    const wait = waitBefore(this.#failures, random(), REPROACHES.includes(code));
    this.#failures += 1;
    this.#retryTimer = setTimer(() => this.#open(), wait);
    this.#tell({ state: 'waiting', retryAt: now() + wait, reason: reason || undefined });
    if (!hadHello) this.#world.onRefused?.();
  }

  /** Ends the connection as if the server had. */
  #abandon(reason: string): void {
    const socket = this.#socket;
    this.#closed(1006, reason);
    socket?.close();
  }

  #take(text: string): void {
    this.#expectFrame();
    const frame = readFrame(text);
    if (frame === undefined) return this.#refuse();
    switch (frame.kind) {
      case 'hello':
        return this.#greeted(frame.epoch, frame.version);
      case 'subscribed':
        this.#mirror.serve(frame.sub, frame.view);
        // What it shows stays until the view's first snapshot; some other one may have it already.
        if (this.#bySub.has(frame.sub)) this.#showState(frame.sub);
        else this.#mirror.forget(frame.sub);
        return;
      case 'fault': {
        const of = frame.sub === undefined ? undefined : this.#bySub.get(frame.sub);
        if (of !== undefined) this.#refused(of, frame.reason);
        return;
      }
      case 'update':
        return this.#update(frame);
    }
  }

  #refused(of: Subscription, reason: string): void {
    this.#show(of, { ...of.shown, fault: reason });
    of.asking ??= this.#world.setTimer(() => {
      of.asking = undefined;
      // Meanwhile it may have come with another connection.
      const isWanted = this.#helloAt !== undefined && of.shown.fault !== undefined;
      if (isWanted) this.#socket?.send(subscribeText(of.sub, of.wanted));
    }, REFUSED_MS);
  }

  #greeted(epoch: string, version: string): void {
    const isAnew = this.#connection.epoch !== undefined && this.#connection.epoch !== epoch;
    this.#helloAt = this.#world.now();
    this.#mirror.clear();
    this.#strange = 0;
    if (isAnew) {
      this.#kept.clear();
      for (const of of this.#bySub.values()) this.#show(of, NOTHING);
    }
    const isForeign = this.#connection.isForeign && this.#connection.version === version;
    this.#tell({ state: 'live', epoch, version, isForeign, reason: undefined, retryAt: undefined });
    if (this.#isHidden) this.#sendVisibility();
    const asked = this.#socket?.asked;
    for (const { sub, wanted } of this.#bySub.values()) if (!asked?.has(sub)) this.#socket?.send(subscribeText(sub, wanted));
    for (const sub of asked?.keys() ?? []) if (!this.#bySub.has(sub)) this.#unsubscribe(sub);
  }

  #unsubscribe(sub: number): void {
    this.#socket?.send(JSON.stringify({ op: 'unsubscribe', sub }));
  }

  #update(frame: Update): void {
    const changed = new Set<string>();
    let isUnderstood = true;
    for (const message of frame.messages) {
      const became = this.#mirror.take(message);
      if (became === 'changed') changed.add(message.view);
      if (became === 'gap') this.#mend(message.view);
      if (message.kind === 'strange') isUnderstood = false;
    }
    for (const view of changed) for (const sub of this.#mirror.subsOf(view)) this.#showState(sub);
    const at = Date.parse(frame.at);
    const skewMs = Number.isNaN(at) ? 0 : at - this.#world.now();
    const { load, skewMs: before } = this.#connection;
    // What nobody sees is told to nobody.
    if (Math.abs(load - frame.load) >= 0.05 || Math.abs(skewMs - before) > 1_000) {
      this.#tell({ load: frame.load, skewMs });
    }
    if (isUnderstood) this.#strange = 0;
    else this.#count();
  }

  /** A frame that is not understood may have held anything. */
  #refuse(): void {
    for (const view of this.#mirror.missAll()) this.#mend(view);
    this.#count();
  }

  #count(): void {
    this.#strange += 1;
    if (this.#strange < STRANGE_MAX) return;
    this.#strange = 0;
    this.#tell({ isForeign: true });
    this.#abandon('the server speaks what this page does not understand');
  }

  /** Asks for a snapshot until it comes. */
  #mend(view: string): void {
    const { setTimer, clearTimer } = this.#world;
    const before = this.#mending.get(view);
    if (before !== undefined) clearTimer(before);
    this.#resync(view);
    const again = setTimer(() => {
      this.#mending.delete(view);
      if (!this.#mirror.hasGap(view)) return;
      for (const sub of this.#mirror.subsOf(view)) {
        const of = this.#bySub.get(sub);
        if (of !== undefined) this.#show(of, { ...of.shown, isStale: true });
      }
      this.#mend(view);
    }, MEND_MS);
    this.#mending.set(view, again);
  }

  #resync(view: string): void {
    this.#socket?.send(JSON.stringify({ op: 'resync', view }));
  }

  #sendVisibility(): void {
    this.#socket?.send(JSON.stringify({ op: 'visibility', hidden: this.#isHidden }));
  }

  #showState(sub: number): void {
    const of = this.#bySub.get(sub);
    const state = this.#mirror.state(sub);
    if (of !== undefined && state !== undefined) {
      this.#show(of, { state, isStale: false, fault: undefined });
    }
  }

  #show(of: Subscription, shown: Shown): void {
    of.shown = shown;
    for (const listener of [...of.listeners]) listener(shown);
  }

  #tell(what: Partial<Connection>): void {
    this.#connection = { ...this.#connection, ...what };
    for (const watcher of [...this.#watchers]) watcher(this.#connection);
  }

  /** Waits for a frame: after a while one is asked for, and if there is none then the server is gone. */
  #expectFrame(): void {
    this.#restart(QUIET_MS, () => {
      // Whoever watches nothing is told nothing.
      if (this.#bySub.size === 0 && this.#helloAt !== undefined) return this.#expectFrame();
      this.#demand(ANSWER_MS);
    });
  }

  /** Makes sure that somebody is at the other end. */
  #probe(): void {
    // Before the first view there is nothing that can be asked for; the usual patience applies.
    if (this.#helloAt !== undefined && this.#mirror.askable() === undefined) return;
    this.#demand(PROBE_MS);
  }

  #demand(withinMs: number): void {
    const view = this.#mirror.askable();
    if (view !== undefined) this.#resync(view);
    this.#restart(withinMs, () => this.#abandon('the server fell silent'));
  }

  #restart(ms: number, run: () => void): void {
    const { setTimer, clearTimer } = this.#world;
    if (this.#quietTimer !== undefined) clearTimer(this.#quietTimer);
    this.#quietTimer = setTimer(run, ms);
  }

  #clearTimers(): void {
    for (const timer of [this.#retryTimer, this.#quietTimer]) {
      if (timer !== undefined) this.#world.clearTimer(timer);
    }
    this.#retryTimer = undefined;
    this.#quietTimer = undefined;
  }
}
