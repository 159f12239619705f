// Which row of a table shows which transfer: rows are used again, since it costs far more to make one than to write others into it.

/** The rows of a table that changes all the time. */
export class Slots {
  #slots = new Map<string, number>();
  #next = 0;

  /** Deals rows out to these, in the order in which they are shown. Who was shown keeps its row; others take those that became free. */
  deal(names: readonly string[]): void {
    const before = this.#slots;
    const stay = new Set(names);
    // In the order in which they stood: where all are others no row moves.
    const free = [...before].filter(([name]) => !stay.has(name)).map(([, slot]) => slot);
    let taken = 0;
    this.#slots = new Map(names.map((name) => [name, before.get(name) ?? free[taken++] ?? this.#next++]));
  }

  /** The row of one that is shown. */
  of(name: string): number {
    return this.#slots.get(name) ?? -1;
  }
}
