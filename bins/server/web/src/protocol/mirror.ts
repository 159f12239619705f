// The states of a connection's subscriptions, as its frames tell them. No socket, no clock.

import type { Patch, Snapshot, Strange } from './frame';
import { merge, type JsonObject } from './merge';

interface View {
  seq: number;
  /** Something was missed: nothing but a snapshot helps, and one was asked for. */
  hasGap: boolean;
  state: JsonObject | undefined;
}

/** Which states are whose. */
export class Mirror {
  #views = new Map<string, View>();
  #viewOf = new Map<number, string>();

  /** A connection begins: nothing of the one before counts. */
  clear(): void {
    this.#views.clear();
    this.#viewOf.clear();
  }

  /** A subscription is served by this view from now on. */
  serve(sub: number, view: string): void {
    this.#viewOf.set(sub, view);
    if (!this.#views.has(view)) this.#views.set(view, { seq: 0, hasGap: false, state: undefined });
    this.#tidy();
  }

  /** A subscription ended. */
  forget(sub: number): void {
    this.#viewOf.delete(sub);
    this.#tidy();
  }

  /** Takes a message. Says whether its view has another state, or must be asked for anew. */
  take(message: Snapshot | Patch | Strange): 'changed' | 'same' | 'gap' {
    const view = this.#views.get(message.view);
    // Of one that was left while the message was under way.
    if (view === undefined) return 'same';
    switch (message.kind) {
      case 'snapshot':
        if (message.seq < view.seq) return 'same';
        view.seq = message.seq;
        view.hasGap = false;
        view.state = message.data;
        return 'changed';
      case 'patch':
        // Patches go on coming until the snapshot does.
        if (view.hasGap || message.seq <= view.seq) return 'same';
        if (message.base !== view.seq || view.state === undefined) return this.#miss(view);
        view.seq = message.seq;
        view.state = merge(view.state, message.data) as JsonObject;
        return 'changed';
      case 'strange':
        return this.#miss(view);
    }
  }

  /** Everything was missed: the views of which a snapshot must be asked for. */
  missAll(): string[] {
    for (const view of this.#views.values()) view.hasGap = true;
    return this.views();
  }

  /** The subscriptions of a view. */
  subsOf(view: string): number[] {
    return [...this.#viewOf].filter(([, of]) => of === view).map(([sub]) => sub);
  }

  /** The newest state of a subscription; undefined before the first. */
  state(sub: number): JsonObject | undefined {
    const view = this.#viewOf.get(sub);
    return view === undefined ? undefined : this.#views.get(view)?.state;
  }

  /** The names of all views. */
  views(): string[] {
    return [...this.#views.keys()];
  }

  /** A view that has a state, so that it can be asked for at once; the first one unless there is any. */
  askable(): string | undefined {
    const [first] = this.#views.keys();
    return [...this.#views].find(([, { state }]) => state !== undefined)?.[0] ?? first;
  }

  /** Whether a snapshot of the view is still missing. */
  hasGap(view: string): boolean {
    return this.#views.get(view)?.hasGap ?? false;
  }

  #miss(view: View): 'gap' {
    view.hasGap = true;
    return 'gap';
  }

  #tidy(): void {
    const served = new Set(this.#viewOf.values());
    for (const name of this.#views.keys()) if (!served.has(name)) this.#views.delete(name);
  }
}
