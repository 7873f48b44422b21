/** The kinds of source that we bring in ourselves, by the connector's type. */
import type { SourceDriver } from "./source-driver.ts";
import { streamDriver } from "./streams/stream-driver.ts";

export const sourceDrivers: Readonly<Record<string, SourceDriver>> = { stream: streamDriver };
