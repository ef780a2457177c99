/** The HTTP face of the service: its routes, their answers and the request log. */
import { randomUUID } from "node:crypto";

import express from "express";
import type { ErrorRequestHandler, Express, RequestHandler } from "express";

import type { Store } from "./items.js";

/** How many bytes of a request body are read. */
export const MAX_BODY = 64 * 1024;
/** How many characters a name may have. */
const MAX_NAME = 200;

/** Receives one record for each request once it is answered. */
export type Log = (record: Record<string, unknown>) => void;

/** An error that the client is told of. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** The application with all routes. */
export function createApp(store: Store, log: Log): Express {
  const app = express();
  app.disable("x-powered-by");
  app.use(logRequests(log));
  app.get("/health", (_request, response) => {
    response.json({ status: "ok" });
  });
  app.all("/health", refuseMethod("GET, HEAD"));
  app
    .route("/api/items")
    .get((_request, response) => {
      response.json({ items: store.all() });
    })
    .post(express.text({ limit: MAX_BODY, type: () => true }), (request, response) => {
      response.status(201).json(store.add(readName(request.body)));
    })
    .all(refuseMethod("GET, HEAD, POST"));
  app.use(() => {
    throw new Refusal(404, "there is nothing at this path");
  });
  app.use(answerErrors(log));
  return app;
}

/** Takes the name of a new item from a body that must hold one JSON object. */
function readName(text: unknown): string {
  const body = parse(text);
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw badJson();
  }
  const given = "name" in body ? body.name : "";
  if (typeof given !== "string") {
    throw badJson();
  }
  const name = given.trim();
  if (name === "") {
    throw new Refusal(400, 'the item has no name; send an object such as {"name": "anchor"}');
  }
  if ([...name].length > MAX_NAME) {
    throw new Refusal(400, `the name is longer than ${MAX_NAME} characters`);
  }
  return name;
}

function parse(text: unknown): unknown {
  try {
    return JSON.parse(typeof text === "string" ? text : "");
  } catch {
    throw badJson();
  }
}

function badJson(): Refusal {
  return new Refusal(400, 'the body is not valid JSON; send an object such as {"name": "anchor"}');
}

function refuseMethod(allowed: string): RequestHandler {
  return (_request, response) => {
    response.set("Allow", allowed);
    throw new Refusal(405, `only ${allowed} will do here`);
  };
}

function logRequests(log: Log): RequestHandler {
  return (request, response, next) => {
    const begun = process.hrtime.bigint();
    const { method, path } = request;
    response.on("finish", () => {
      const duration_ms = Number((process.hrtime.bigint() - begun) / 1000n) / 1000;
      log({ msg: "request", id: randomUUID(), method, path, status: response.statusCode, duration_ms });
    });
    next();
  };
}

/** Answers what went wrong as JSON; what is not the client's fault is logged and not told. */
function answerErrors(log: Log): ErrorRequestHandler {
  return (error, _request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const refusal = refusalFor(error);
    if (refusal.status >= 500) {
      log({ msg: "failed", error: String(error) });
    }
    response.status(refusal.status).json({ error: refusal.message });
  };
}

function refusalFor(error: unknown): Refusal {
  if (error instanceof Refusal) {
    return error;
  }
  // Errors of the body parser carry a type and the status to answer with.
  const { type, status } = error as { type?: unknown; status?: unknown };
  if (type === "entity.too.large") {
    return new Refusal(413, "the body is larger than 64 KiB");
  }
  if (typeof status === "number" && status >= 400 && status < 500) {
    return new Refusal(status, "the request cannot be read");
  }
  return new Refusal(500, "something went wrong");
}
