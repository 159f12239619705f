// How much room there is: what is not seen at all is not drawn.

const phone = window.matchMedia('(max-width: 719px)');
const desk = window.matchMedia('(min-width: 960px)');

let narrow = $state(phone.matches);
let wide = $state(desk.matches);

phone.addEventListener('change', ({ matches }) => {
  narrow = matches;
});
desk.addEventListener('change', ({ matches }) => {
  wide = matches;
});

/** Whether the page is as narrow as a phone, where tables become lists. */
export function isNarrow(): boolean {
  return narrow;
}

/** Whether there is room at the side for where one can go. */
export function isWide(): boolean {
  return wide;
}
