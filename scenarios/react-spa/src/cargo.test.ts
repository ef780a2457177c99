import { beforeEach, expect, test } from "vitest";

import { keep, loadedTons, reduce, restore } from "./cargo";
import type { Cargo } from "./cargo";

const LIST: readonly Cargo[] = [
  { id: 1, name: "rope", tons: 2, loaded: true },
  { id: 4, name: "grain", tons: 30, loaded: false },
];

beforeEach(() => localStorage.clear());

test("a new thing gets a number that no other has, and waits", () => {
  expect(reduce(LIST, { type: "add", name: "coal", tons: 5 }).at(-1)).toEqual({ id: 5, name: "coal", tons: 5, loaded: false });
  expect(reduce([], { type: "add", name: "coal", tons: 5 })[0]?.id).toBe(1);
});

test("only what is loaded weighs", () => {
  expect(loadedTons(LIST)).toBe(2);
  expect(loadedTons(reduce(LIST, { type: "toggle", id: 4 }))).toBe(32);
  expect(loadedTons(reduce(LIST, { type: "remove", id: 1 }))).toBe(0);
});

test("what was kept comes back", () => {
  keep(localStorage, LIST);
  expect(restore(localStorage)).toEqual(LIST);
});

test("what cannot be read counts as none", () => {
  for (const [kept, wanted] of [
    ["{", 0],
    ["7", 0],
    ['[{"id":1},null]', 0],
    ['[{"id":1,"name":"a","tons":1,"loaded":true},{"id":"x"}]', 1],
  ] as const) {
    localStorage.setItem("cargo", kept);
    expect(restore(localStorage)).toHaveLength(wanted);
  }
});
