// Where the page is, as something that is watched; the address bar is the only place where it is kept.

import { fragmentOf, placeOf, type Place } from './address';

let current = $state.raw(placeOf(location.hash));

window.addEventListener('hashchange', () => {
  current = placeOf(location.hash);
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
  current = { ...current, more: all };
  history.replaceState(history.state, '', fragmentOf(current));
}
