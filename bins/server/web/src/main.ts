// Shows the page, when what is in it is there.

import { mount } from 'svelte';
import App from './App.svelte';
import { parsed } from './parsed';
import { arrived, begin } from './state/live.svelte';
import { place } from './state/place.svelte';
import { viewOf, watchedAt } from './views/all';
import './styles/tokens.css';
import './styles/base.css';
import './styles/parts.css';

/** Nearby the view and its first states are there within so long, and a frame without them would only be in their way. */
const TOGETHER_MS = 60;

/** A function, and not what the file does by itself: a view may be of this file, and is there when the file has run to its end. */
export async function show(): Promise<void> {
  begin();
  const at = place();
  const awaited = watchedAt(at).map((topic) => arrived(topic, at.nodes));
  await Promise.race([
    Promise.allSettled([viewOf(at.view), ...awaited.map(({ done }) => done)]),
    new Promise((late) => setTimeout(late, TOGETHER_MS)),
  ]);
  // A subscription outlives this for a while, and the view that draws it comes soon.
  for (const { leave } of awaited) leave();
  await parsed();
  const target = document.getElementById('app');
  if (target === null) throw new Error('the document has no place for the page');
  mount(App, { target });
}
