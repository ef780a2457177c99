import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { on, once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../src/main.js", import.meta.url));

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

test("a request under way is answered after SIGTERM, then the service ends by itself", async () => {
  const port = await freePort();
  const child = spawn(process.execPath, [MAIN], { env: { ...process.env, PORT: String(port) }, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const chunks = on(child.stdout, "data");
  const seen = async (text: string): Promise<void> => {
    for await (const [chunk] of chunks) {
      if (String(chunk).includes(text)) {
        return;
      }
    }
  };
  await seen("listening");

  const post = request({ port, method: "POST", path: "/api/items", headers: { "content-length": 15 } });
  const answered = once(post, "response");
  post.write('{"name":');
  await new Promise((resolve) => setTimeout(resolve, 200));
  child.kill("SIGTERM");
  await seen("shutting down");
  post.end('"buoy"}');
  const [answer] = await answered;
  assert.equal(answer.statusCode, 201);
  answer.resume();
  assert.deepEqual(await ended, [0, null]);
});

test("a port that is no port ends the service with an error", async () => {
  const child = spawn(process.execPath, [MAIN], { env: { ...process.env, PORT: "http" }, stdio: ["ignore", "pipe", "inherit"] });
  const [output] = await once(child.stdout, "data");
  assert.match(String(output), /PORT is/);
  assert.deepEqual(await once(child, "exit"), [1, null]);
});
