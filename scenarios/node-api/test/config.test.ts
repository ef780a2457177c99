import assert from "node:assert/strict";
import { test } from "node:test";

import { configFrom } from "../src/config.js";

test("without PORT it is 8080", () => {
  assert.deepEqual(configFrom({}), { port: 8080 });
  assert.deepEqual(configFrom({ PORT: "" }), { port: 8080 });
  assert.deepEqual(configFrom({ PORT: "9000" }), { port: 9000 });
});

test("what is no port is refused by name", () => {
  for (const PORT of ["http", "0", "65536", "80.5", "-1", " 80", "0x50"]) {
    assert.throws(() => configFrom({ PORT }), /PORT is .* from 1 to 65535/, PORT);
  }
});
