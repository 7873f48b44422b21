/** The kinds of source that we bring in ourselves, by the connector's type. */
import type { SourceDriver } from "./source-driver.ts";

export const sourceDrivers: Readonly<Record<string, SourceDriver>> = {};
