// Where the page begins.

import { mount } from 'svelte';
import App from './App.svelte';
import { begin } from './state/live.svelte';
import './styles/tokens.css';
import './styles/base.css';
import './styles/parts.css';

begin();
// What the first connection kept is heard in between, so that it is drawn with all else.
await null;
const target = document.getElementById('app');
if (target !== null) mount(App, { target });
