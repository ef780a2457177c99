/**
 * node-api serves a small list of items over HTTP. PORT (8080 when unset) is the port it listens on. SIGINT and SIGTERM
 * stop it in order.
 */
import { createApp } from "./app.js";
import type { Log } from "./app.js";
import { configFrom } from "./config.js";
import { Store } from "./items.js";
import { serve } from "./server.js";

/** How long open requests may take after a signal, milliseconds. */
const GRACE = 8_000;

const log: Log = (record) => {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), ...record })}\n`);
};

async function main(): Promise<void> {
  const { port } = configFrom(process.env);
  const running = await serve(createApp(new Store(() => new Date()), log), port);
  log({ msg: "listening", port: running.port });
  const signal = await new Promise<string>((resolve) => {
    for (const name of ["SIGINT", "SIGTERM"] as const) {
      process.once(name, resolve);
    }
  });
  log({ msg: "shutting down", signal });
  await running.stop(GRACE);
}

main().catch((error: unknown) => {
  log({ msg: "node-api stopped", error: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
});
