// Where the page is, as something that is watched; the address bar is the only place where it is kept.

import { viewOf } from '../views/all';
import { fragmentOf, placeOf, type Place } from './address';

let current = $state.raw(placeOf(location.hash));

/** A view that takes longer to load is waited for where it will be. */
const PATIENCE_MS = 300;
let changes = 0;
window.addEventListener('hashchange', () => {
  const next = placeOf(location.hash);
  const change = (changes += 1);
  const take = () => {
    if (change === changes) current = next;
  };
  const view = viewOf(next.view);
  if (!(view instanceof Promise)) return take();
  // Until then the view before is shown as it is: it would be drawn with what the next one is asked, and leave in the middle of that.
  const waited = new Promise<void>((late) => window.setTimeout(late, PATIENCE_MS));
  void Promise.race([view, waited]).then(take, take);
});

/** Where the page is. */
export function place(): Place {
  return current;
}

/** The link to a place that differs from the present one by this. Another view begins without what the one before was asked. */
export function linkTo(change: Partial<Place>): string {
  const more = change.view !== undefined && change.view !== current.view ? {} : current.more;
  return fragmentOf({ ...current, more, ...change });
}

/** Goes there, as a step that can be undone by going back. */
export function go(change: Partial<Place>): void {
  location.hash = linkTo(change);
}

/** Changes what the view is asked, in place of the step before: each letter typed is no step of its own. */
export function adjust(more: Record<string, string | undefined>): void {
  const all: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...current.more, ...more })) if (value) all[name] = value;
  // Whoever changes what is shown stays, though another view was on its way.
  changes += 1;
  current = { ...current, more: all };
  history.replaceState(history.state, '', fragmentOf(current));
}
