/** One entry of the list. */
export interface Item {
  id: number;
  name: string;
  created_at: string;
}

/** Items in memory, in order of creation. */
export class Store {
  readonly #items: Item[] = [];
  readonly #now: () => Date;

  /** @param now where creation times come from */
  constructor(now: () => Date) {
    this.#now = now;
  }

  /** Stores an item of this name and returns it with its number; numbers start at 1. */
  add(name: string): Item {
    const item = { id: this.#items.length + 1, name, created_at: this.#now().toISOString() };
    this.#items.push(item);
    return item;
  }

  /** A copy of all items. */
  all(): Item[] {
    return [...this.#items];
  }
}
