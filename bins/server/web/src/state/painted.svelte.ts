// Whether the first figures are on the screen: what is below them waits until then.

/** So long after scripts are done with a frame it is on the screen: what begins sooner would keep the processor from drawing it. */
const SHOWN_MS = 50;

let painted = $state(false);
let isAwaited = false;

/** Whether they are there. Whoever asks first has drawn them. */
export function isPainted(): boolean {
  if (!isAwaited) {
    isAwaited = true;
    requestAnimationFrame(() => setTimeout(() => (painted = true), SHOWN_MS));
  }
  return painted;
}
