// Which row of a table shows which transfer: rows are used again, since it costs far more to make one than to write others into it.

/** The rows of a table that changes all the time, by what each shows. */
export type Slots = ReadonlyMap<string, number>;

/** Deals rows out to these, in the order in which they are shown. Who was shown before keeps its row; others take those that became free. */
export function dealt(before: Slots, names: readonly string[]): Slots {
  const stay = new Set(names);
  // In the order in which they stood: where all are others no row moves.
  const free = [...before].filter(([name]) => !stay.has(name)).map(([, slot]) => slot);
  let next = Math.max(-1, ...before.values());
  let taken = 0;
  return new Map(names.map((name) => [name, before.get(name) ?? free[taken++] ?? (next += 1)]));
}
