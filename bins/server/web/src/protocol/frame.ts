// What the server says over the WebSocket, read with care: what is not understood is refused.

import { isObject, type Json, type JsonObject } from './merge';

/** The first frame of a connection. */
export interface Hello {
  kind: 'hello';
  /** Another one when the server has started anew. */
  epoch: string;
  version: string;
}

/** A subscription is, or from now on is, served by a view. */
export interface Subscribed {
  kind: 'subscribed';
  sub: number;
  view: string;
  /** Updates a second at most; null with each window. */
  hz: number | null;
}

/** Something was not done, and why. */
export interface Fault {
  kind: 'fault';
  reason: string;
  sub: number | undefined;
}

/** A whole state. */
export interface Snapshot {
  kind: 'snapshot';
  view: string;
  seq: number;
  data: JsonObject;
}

/** What makes a state of the one before. */
export interface Patch {
  kind: 'patch';
  view: string;
  seq: number;
  base: number;
  data: JsonObject;
}

/** A message of a view that is not understood. */
export interface Strange {
  kind: 'strange';
  view: string;
}

/** States of one moment. */
export interface Update {
  kind: 'update';
  /** When it was, by the server's clock. */
  at: string;
  /** How busy the server is, 0 to 1. */
  load: number;
  messages: (Snapshot | Patch | Strange)[];
}

/** A frame of the server. */
export type Frame = Hello | Subscribed | Fault | Update;

/** Reads a frame; undefined when it is none that is known. */
export function readFrame(text: string): Frame | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  if (isObject(value.hello)) return hello(value.hello);
  if (isObject(value.subscribed)) return subscribed(value.subscribed);
  if (isObject(value.error)) return fault(value.error);
  return update(value);
}

function hello({ epoch, version }: JsonObject): Hello | undefined {
  if (typeof epoch !== 'string' || typeof version !== 'string') return undefined;
  return { kind: 'hello', epoch, version };
}

function subscribed({ sub, view, hz }: JsonObject): Subscribed | undefined {
  if (!isCount(sub) || typeof view !== 'string') return undefined;
  return { kind: 'subscribed', sub, view, hz: typeof hz === 'number' ? hz : null };
}

function fault({ reason, sub }: JsonObject): Fault | undefined {
  if (typeof reason !== 'string') return undefined;
  return { kind: 'fault', reason, sub: isCount(sub) ? sub : undefined };
}

function update({ t, load, messages }: JsonObject): Update | undefined {
  if (typeof t !== 'string' || typeof load !== 'number' || !Array.isArray(messages)) return undefined;
  const read: Update['messages'] = [];
  for (const value of messages) {
    // One that does not even name its view says nothing about what was missed.
    if (!isObject(value) || typeof value.view !== 'string') return undefined;
    read.push(message(value, value.view));
  }
  return { kind: 'update', at: t, load, messages: read };
}

function message(value: JsonObject, view: string): Snapshot | Patch | Strange {
  const { seq, base, kind, data } = value;
  if (!isCount(seq) || !isObject(data)) return { kind: 'strange', view };
  if (kind === 'snapshot') return { kind, view, seq, data };
  if (kind === 'patch' && isCount(base)) return { kind, view, seq, base, data };
  return { kind: 'strange', view };
}

function isCount(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
