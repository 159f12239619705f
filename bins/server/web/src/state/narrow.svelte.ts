// Whether the page is as narrow as a phone, where tables become lists.

const query = window.matchMedia('(max-width: 719px)');

let narrow = $state(query.matches);

query.addEventListener('change', ({ matches }) => {
  narrow = matches;
});

/** Whether it is now. */
export function isNarrow(): boolean {
  return narrow;
}
