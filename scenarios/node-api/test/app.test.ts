import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { createApp, MAX_BODY } from "../src/app.js";
import { Store } from "../src/items.js";
import { serve } from "../src/server.js";
import type { Running } from "../src/server.js";

let running: Running;
let logged: Record<string, unknown>[];

beforeEach(async () => {
  logged = [];
  const store = new Store(() => new Date("2024-05-01T12:00:00Z"));
  running = await serve(createApp(store, (record) => logged.push(record)), 0);
});
afterEach(() => running.stop(1_000));

function ask(method: string, path: string, body?: string): Promise<Response> {
  return fetch(`http://127.0.0.1:${running.port}${path}`, { method, body: body ?? null, headers: { connection: "close" } });
}

const answers: [name: string, method: string, path: string, body: string | undefined, status: number, text: string][] = [
  ["health", "GET", "/health", undefined, 200, '{"status":"ok"}'],
  ["an empty list", "GET", "/api/items", undefined, 200, '{"items":[]}'],
  ["a new item", "POST", "/api/items", '{"name":" anchor "}', 201, '{"id":1,"name":"anchor","created_at":"2024-05-01T12:00:00.000Z"}'],
  ["keys it does not know are left alone", "POST", "/api/items", '{"name":"a","color":"red"}', 201, '"name":"a"'],
  ["JSON that ends early", "POST", "/api/items", '{"name":', 400, "not valid JSON"],
  ["no body", "POST", "/api/items", undefined, 400, "not valid JSON"],
  ["two objects", "POST", "/api/items", '{"name":"a"}{"name":"b"}', 400, "not valid JSON"],
  ["a list", "POST", "/api/items", '["a"]', 400, "not valid JSON"],
  ["a name that is no text", "POST", "/api/items", '{"name":7}', 400, "not valid JSON"],
  ["no name", "POST", "/api/items", "{}", 400, "no name"],
  ["a blank name", "POST", "/api/items", '{"name":"  "}', 400, "no name"],
  ["a long name", "POST", "/api/items", `{"name":"${"ä".repeat(201)}"}`, 400, "longer than 200"],
  ["the longest name", "POST", "/api/items", `{"name":"${"⚓".repeat(200)}"}`, 201, '"id":1'],
  ["a large body", "POST", "/api/items", `{"name":"${"a".repeat(MAX_BODY)}"}`, 413, "larger than 64 KiB"],
  ["a method without a route", "DELETE", "/api/items", undefined, 405, "GET, HEAD, POST"],
  ["a path without a route", "GET", "/api/orders", undefined, 404, "nothing at this path"],
];

for (const [name, method, path, body, status, text] of answers) {
  test(name, async () => {
    const answer = await ask(method, path, body);
    const content = await answer.text();
    assert.equal(answer.status, status, content);
    assert.ok(content.includes(text), content);
    assert.match(answer.headers.get("content-type") ?? "", /^application\/json/);
  });
}

test("a created item is listed", async () => {
  await ask("POST", "/api/items", '{"name":"mast"}');
  await ask("POST", "/api/items", '{"name":"keel"}');
  const { items } = (await (await ask("GET", "/api/items")).json()) as { items: { name: string }[] };
  assert.deepEqual(items.map((item) => item.name), ["mast", "keel"]);
});

test("the methods that would do are named", async () => {
  assert.equal((await ask("PUT", "/api/items")).headers.get("allow"), "GET, HEAD, POST");
  assert.equal((await ask("POST", "/health")).headers.get("allow"), "GET, HEAD");
});

test("each request is logged once", async () => {
  await ask("POST", "/api/items", "{");
  const [line, ...more] = logged;
  assert.deepEqual(more, []);
  assert.deepEqual([line?.["method"], line?.["path"], line?.["status"]], ["POST", "/api/items", 400]);
});
