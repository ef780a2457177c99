/** What the environment says. */
export interface Config {
  port: number;
}

/** Reads the configuration; an error names the variable and says what it must be. */
export function configFrom(env: Record<string, string | undefined>): Config {
  const text = env["PORT"] || "8080";
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65535) {
    throw new Error(`PORT is ${JSON.stringify(text)}; it must be a number from 1 to 65535`);
  }
  return { port };
}
