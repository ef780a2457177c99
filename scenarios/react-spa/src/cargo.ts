/** One thing to be loaded. */
export interface Cargo {
  id: number;
  name: string;
  tons: number;
  loaded: boolean;
}

export type Action =
  | { type: "add"; name: string; tons: number }
  | { type: "toggle"; id: number }
  | { type: "remove"; id: number };

/** The list after an action; unknown numbers change nothing. */
export function reduce(list: readonly Cargo[], action: Action): readonly Cargo[] {
  switch (action.type) {
    case "add": {
      const id = Math.max(0, ...list.map((cargo) => cargo.id)) + 1;
      return [...list, { id, name: action.name, tons: action.tons, loaded: false }];
    }
    case "toggle":
      return list.map((cargo) => (cargo.id === action.id ? { ...cargo, loaded: !cargo.loaded } : cargo));
    case "remove":
      return list.filter((cargo) => cargo.id !== action.id);
  }
}

/** The weight on board, tons. */
export function loadedTons(list: readonly Cargo[]): number {
  return list.reduce((sum, cargo) => sum + (cargo.loaded ? cargo.tons : 0), 0);
}

const KEY = "cargo";

/** The list that this browser kept; what cannot be read counts as none. */
export function restore(storage: Storage): readonly Cargo[] {
  try {
    const kept: unknown = JSON.parse(storage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter(isCargo) : [];
  } catch {
    return [];
  }
}

export function keep(storage: Storage, list: readonly Cargo[]): void {
  storage.setItem(KEY, JSON.stringify(list));
}

function isCargo(value: unknown): value is Cargo {
  if (typeof value !== "object" || value === null) {
    return false;
  }
  const { id, name, tons, loaded } = value as Record<string, unknown>;
  return typeof id === "number" && typeof name === "string" && typeof tons === "number" && typeof loaded === "boolean";
}
