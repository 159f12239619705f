// Whether the first figures are on the screen: what is below them waits until then.

let painted = $state(false);
let isAwaited = false;

/** Whether they are there. Whoever asks first has drawn them. */
export function isPainted(): boolean {
  if (!isAwaited) {
    isAwaited = true;
    requestAnimationFrame(() => setTimeout(() => (painted = true)));
  }
  return painted;
}
