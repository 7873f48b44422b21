/** The server's own log: JSON lines on standard error, with the fields that may hold secrets cut out. */
import { destination, pino, type Logger } from "pino";

export type Log = Logger;

export function createLog(level: string): Log {
  const redact = ["key", "*.key", "authorization", "*.authorization", "password", "*.password", "*.connectionString"];
  return pino({ level, redact: { paths: redact, censor: "[cut]" }, base: { service: "airworthy" } }, destination(2));
}
