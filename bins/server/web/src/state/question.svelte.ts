// Questions over HTTP, as something that is watched: asked anew when they change, now and then, and when the server is back.

import { address, askAt, type Parameters } from '../api/ask';
import { Problem } from '../api/problem';
import { restarts } from './live.svelte';

/** What is asked. */
export interface Asked {
  path: string;
  parameters: Parameters;
}

/** The answer to a question. */
export interface Question<T> {
  /** The newest answer; of another question while `isOld`. */
  readonly answer: T | undefined;
  /** Why there is none. */
  readonly problem: Problem | undefined;
  /** The answer is of what was asked before. */
  readonly isOld: boolean;
  /** The address whose answer it is. */
  readonly answered: string;
  again(): void;
}

const MINUTE = 60_000;

/** After so long an answer is not waited for. */
const PATIENCE_MS = 30_000;

/** Asks for as long as the component lives that asks; nothing where there is nothing to ask yet. How soon again may depend on the answer. */
export function question<T>(of: () => Asked | undefined, everyMs: number | ((answer: T) => number) = MINUTE): Question<T> {
  let answer = $state.raw<T>();
  let problem = $state.raw<Problem>();
  let answered = $state('');
  let tries = $state(0);
  const url = $derived.by(() => {
    const asked = of();
    return asked && address(asked.path, asked.parameters);
  });
  let before = '';

  $effect(() => {
    void tries;
    void restarts();
    const wanted = url;
    // What went wrong with another question says nothing of this one.
    if (wanted !== before) problem = undefined;
    if (wanted === undefined) return;
    before = wanted;
    const abort = new AbortController();
    let timer: number | undefined;
    const inquire = async () => {
      let wait = typeof everyMs === 'number' ? everyMs : MINUTE;
      try {
        const came = await askAt<T>(wanted, AbortSignal.any([abort.signal, AbortSignal.timeout(PATIENCE_MS)]));
        if (abort.signal.aborted) return;
        answer = came;
        answered = wanted;
        if (typeof everyMs === 'function') wait = everyMs(came);
        problem = undefined;
      } catch (error) {
        if (abort.signal.aborted) return;
        problem = problemOf(error);
        if (problem.isPassing) wait = (problem.retryAfter ?? 5) * 1_000;
      }
      timer = window.setTimeout(whenSeen, wait);
    };
    // A page that nobody looks at asks nothing.
    const whenSeen = () => {
      timer = undefined;
      if (document.visibilityState === 'visible') void inquire();
      else document.addEventListener('visibilitychange', whenSeen, { once: true, signal: abort.signal });
    };
    void inquire();
    return () => {
      abort.abort();
      if (timer !== undefined) window.clearTimeout(timer);
    };
  });

  return {
    get answer() {
      return answer;
    },
    get problem() {
      return problem;
    },
    get isOld() {
      return answer !== undefined && answered !== url;
    },
    get answered() {
      return answered;
    },
    again() {
      tries += 1;
    },
  };
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const isLate = error instanceof DOMException && error.name === 'TimeoutError';
  return new Problem(0, isLate ? 'It takes long. It is asked again in a moment.' : String(error));
}
