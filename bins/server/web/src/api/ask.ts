// Questions over HTTP. The browser keeps answers by their tags; here they are only asked for.

import { Problem, problemOf } from './problem';

/** What may be said with a question; undefined is not said. */
export type Parameters = Record<string, string | number | readonly string[] | undefined>;

/** The address of a question. */
export function address(path: string, parameters: Parameters = {}): string {
  const said = Object.entries(parameters).flatMap(([name, value]) => {
    if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) return [];
    const text = typeof value === 'object' ? value.join(',') : String(value);
    return [`${name}=${encodeURIComponent(text).replaceAll('%2C', ',').replaceAll('%3A', ':')}`];
  });
  return said.length === 0 ? path : `${path}?${said.join('&')}`;
}

async function answered(url: string, init: RequestInit): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(url, { ...init, credentials: 'same-origin', headers: { accept: 'application/json' } });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Problem(0, 'It is asked again in a moment.');
  }
  if (response.status === 401) {
    // Nobody is signed in any more. The fragment goes along, so that whoever signs in comes back to the same place.
    location.assign(`/login${location.hash}`);
  }
  if (!response.ok) throw await problemOf(response);
  return response.json();
}

/** Asks a question. */
export async function ask<T>(path: string, parameters: Parameters, signal?: AbortSignal): Promise<T> {
  return askAt<T>(address(path, parameters), signal);
}

/** Asks the question of an address. */
export async function askAt<T>(url: string, signal?: AbortSignal): Promise<T> {
  return (await answered(url, { signal: signal ?? null })) as T;
}

/** Says that somebody has seen an alert. Whether it still lasts. */
export async function acknowledge(id: number): Promise<boolean> {
  const answer = await answered(`/api/v1/alerts/${id}/acknowledge`, { method: 'POST' });
  return (answer as { acknowledged: boolean }).acknowledged;
}
