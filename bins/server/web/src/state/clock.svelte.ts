// The time of day, by the second, for ages that grow; it stands still while nobody looks.

let current = $state(Date.now());

const tick = () => {
  if (document.visibilityState === 'visible') current = Date.now();
};

setInterval(tick, 1_000);
document.addEventListener('visibilitychange', tick);

/** Now, in milliseconds, at most a second old. */
export function now(): number {
  return current;
}
