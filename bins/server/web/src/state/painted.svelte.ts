// Whether the first figures are on the screen: what is below them waits until then.

/** Nothing is painted of a page that nobody sees. */
const PATIENCE_MS = 200;

let painted = $state(false);
let isAwaited = false;

/** When the browser says that something of the page is on the screen: to draw it takes a while after scripts are done with it. */
const shown = () =>
  new Promise<void>((done) => {
    setTimeout(done, PATIENCE_MS);
    new PerformanceObserver((list) => {
      if (list.getEntriesByName('first-contentful-paint').length > 0) done();
    }).observe({ type: 'paint', buffered: true });
  });

/** Whether they are there. Whoever asks first has drawn them. */
export function isPainted(): boolean {
  if (!isAwaited) {
    isAwaited = true;
    requestAnimationFrame(() => setTimeout(() => void shown().then(() => (painted = true))));
  }
  return painted;
}
