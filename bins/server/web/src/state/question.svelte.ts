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
  readonly isLoading: boolean;
  /** The answer is of what was asked before. */
  readonly isOld: boolean;
  again(): void;
}

const MINUTE = 60_000;

/** Asks for as long as the component lives that asks; `undefined` is not asked. Answers of another path are dropped. */
export function question<T>(of: () => Asked | undefined, everyMs: number = MINUTE): Question<T> {
  let answer = $state.raw<T>();
  let problem = $state.raw<Problem>();
  let isLoading = $state(true);
  let answered = $state('');
  let tries = $state(0);
  const url = $derived.by(() => {
    const asked = of();
    return asked === undefined ? '' : address(asked.path, asked.parameters);
  });
  let path = '';

  $effect(() => {
    void tries;
    void restarts();
    const wanted = url;
    if (wanted === '') {
      isLoading = false;
      return;
    }
    const [wantedPath = ''] = wanted.split('?');
    if (path !== wantedPath) {
      path = wantedPath;
      answer = undefined;
      answered = '';
    }
    const abort = new AbortController();
    let timer: number | undefined;
    const inquire = async () => {
      let wait = everyMs;
      isLoading = true;
      try {
        answer = await askAt<T>(wanted, abort.signal);
        answered = wanted;
        problem = undefined;
      } catch (error) {
        if (abort.signal.aborted) return;
        problem = error instanceof Problem ? error : new Problem(0, String(error));
        if (problem.isPassing) wait = (problem.retryAfter ?? 5) * 1_000;
      }
      isLoading = false;
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
    get isLoading() {
      return isLoading;
    },
    get isOld() {
      return answer !== undefined && answered !== url;
    },
    again() {
      tries += 1;
    },
  };
}
