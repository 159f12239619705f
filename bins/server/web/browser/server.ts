// The real server as a program that is started, killed, and started again where it was.
/// <reference types="node" />

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { NodeRow, NodesAnswer } from '../src/api/types/http';

/** What these tests were given: the program, and a folder with configurations and logs. */
export interface Stage {
  program: string;
  folder: string;
  browser: string;
  nodes: string[];
  /** Where pictures go, if somebody wants some. */
  pictures: string | null;
  /** For how many seconds pages are left open, if somebody wants to know what that costs. */
  soakSeconds: number | null;
}

export const stage: Stage = JSON.parse(readFileSync(process.env.PIECEWATCH_STAGE ?? '', 'utf8'));

export const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** Waits until something is so. */
export async function until(what: string, is: () => Promise<boolean> | boolean, withinMs = 60_000): Promise<void> {
  const since = Date.now();
  while (!(await is())) {
    if (Date.now() - since > withinMs) throw new Error(`${what}: not within ${withinMs} ms`);
    await pause(25);
  }
}

/** What a node is asked. */
const ASKED = ['dashboard', 'satellites', 'paystubs'];

export class Server {
  #child: ChildProcess | undefined;
  #port = 0;
  #log: string[] = [];

  constructor(
    readonly config: string,
    /** What must be shown to it before it says anything. */
    readonly token?: string,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get log(): string {
    return this.#log.join('\n');
  }

  /** Starts it on the port that it had before, and waits until it listens. */
  async start(): Promise<void> {
    const ours = Object.entries(process.env).filter(([name]) => !name.startsWith('PIECEWATCH_'));
    const child = spawn(stage.program, ['serve', '--config', this.config, '--listen', `127.0.0.1:${this.#port}`], {
      cwd: stage.folder,
      env: { ...Object.fromEntries(ours), ...(this.token === undefined ? {} : { PIECEWATCH_TOKEN: this.token }) },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    const lines = createInterface({ input: child.stderr });
    lines.on('line', (line) => {
      this.#log.push(line);
      const port = /listening on http:\/\/[^ ]*:(\d+)/.exec(line)?.[1];
      if (port !== undefined) this.#port = Number(port);
    });
    const before = this.#log.length;
    const listens = () => this.#log.slice(before).some((line) => line.includes('listening on http://'));
    await until('the server listens', () => {
      if (child.exitCode !== null) throw new Error(`the server ended: ${this.log}`);
      return listens();
    });
  }

  /** Waits until every node was read to its end, all of it was stored, and each was asked all that it is asked. */
  async ready(): Promise<void> {
    const isAsked = ({ polls }: NodeRow) => ASKED.every((part) => polls.some((poll) => poll.part === part && poll.succeeded_at !== null));
    const isRecent = (at: string | null) => at !== null && Date.now() - Date.parse(at) < 3_600_000;
    await until('all is read', async () => {
      const { status } = await fetch(`${this.url}/readyz`);
      const { nodes } = await this.ask<NodesAnswer>('/api/v1/nodes');
      const storage = await this.ask<{ nodes: unknown[] }>('/api/v1/storage');
      return status === 200 && storage.nodes.length === stage.nodes.length && nodes.every((node) => isRecent(node.last_record_at) && isAsked(node));
    }, 100_000);
  }

  /** Kills it: nobody is told. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** What the server itself answers. */
  async ask<T>(path: string): Promise<T> {
    const answer = await fetch(this.url + path);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
let written = 0;

/** Has a node write that it sent a piece that no other line is of. Its id. */
export function writes(node: string): string {
  return tells(node, 'GET', ['INFO', 'downloaded']);
}

/** Has a node write that it could not send a piece that is to be repaired. Its id. */
export function fails(node: string): string {
  return tells(node, 'GET_REPAIR', ['ERROR', 'download failed'], { error: 'write tcp: connection reset by peer' });
}

/** Has a node write, as Docker keeps it, how a download of a piece began and ended. */
function tells(node: string, action: string, [level, ended]: [string, string], why: Record<string, string> = {}): string {
  written += 1;
  const letters = Array.from({ length: 51 }, (_, at) => BASE32[(at * 7 + written * 5 + at * written) % 32]);
  // The last one has a single bit of the 32 bytes.
  const piece = `${letters.join('')}A`;
  const download = { 'Process': 'storagenode', 'Piece ID': piece, 'Satellite ID': '12EayRS2V1kEsWESU9QMRseFhdxYxKicsiFmxrsLZHeLUtdps3S', 'Action': action, 'Offset': 0, 'Size': 1_000_000, 'Remote Address': '192.0.2.7:1234' };
  const line = (level: string, message: string, payload: object) => {
    const time = new Date().toISOString();
    const log = `${time.slice(0, 19)}Z\t${level}\tpiecestore\t${message}\t${JSON.stringify(payload)}\n`;
    return `${JSON.stringify({ log, stream: 'stderr', time })}\n`;
  };
  appendFileSync(join(stage.folder, `${node}.log`), line('DEBUG', 'download started', download) + line(level, ended, { ...download, ...why }));
  return piece;
}
