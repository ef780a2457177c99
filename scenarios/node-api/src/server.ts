/** A server with time limits and an orderly end. */
import { createServer } from "node:http";
import type { RequestListener, Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A running server. */
export interface Running {
  port: number;
  /** No new connections; resolves once open requests are answered, or cut after the grace, in milliseconds. */
  stop(grace: number): Promise<void>;
}

/** Listens on all addresses. */
export async function serve(listener: RequestListener, port: number): Promise<Running> {
  const server = createServer({ headersTimeout: 5_000, requestTimeout: 10_000, keepAliveTimeout: 60_000 }, listener);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, resolve);
  });
  return { port: (server.address() as AddressInfo).port, stop: (grace) => stop(server, grace) };
}

async function stop(server: Server, grace: number): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), grace);
  // A kept-alive connection is idle only once its open request is answered.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  try {
    await new Promise<void>((resolve, reject) => {
      server.close((error) => (error ? reject(error) : resolve()));
    });
  } finally {
    clearTimeout(cut);
    clearInterval(sweep);
  }
}
