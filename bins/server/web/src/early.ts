// What is begun before anything of the page is there: the connection first, then the view that the address names, and what was chosen.

import { parsed } from './parsed';
import { hasAsked, socketAhead } from './protocol/first';
import './state/chosen';
import { placeOf } from './state/address';
import { viewOf } from './views/all';

void hasAsked
  .then(() => {
    // Who shows it says what went wrong.
    Promise.resolve(viewOf(placeOf(location.hash).view)).catch(() => {});
    return import('./main');
  })
  .then(({ show }) => show())
  .catch(async (error: unknown) => {
    console.error(error);
    // Nobody comes who would listen.
    socketAhead()?.close();
    const link = document.createElement('a');
    link.href = location.href;
    link.textContent = 'Reload it';
    // To the address of the page itself, with its fragment, a link leads nowhere.
    link.addEventListener('click', (event) => {
      event.preventDefault();
      location.reload();
    });
    const said = document.createElement('p');
    said.className = 'panel-body';
    said.setAttribute('role', 'alert');
    said.append('The page could not be loaded: the server does not answer, or has another version now. ', link, '.');
    await parsed();
    (document.getElementById('app') ?? document.body).replaceChildren(said);
  });
