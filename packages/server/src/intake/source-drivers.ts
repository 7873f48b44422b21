/** The kinds of source that we bring in ourselves, by the connector's type. */
import type { IngestConnector } from "@airworthy/contract";

import type { SourceDriver } from "./source-driver.ts";
import { streamDriver } from "./streams/stream-driver.ts";

type Drivers = { readonly [Type in IngestConnector["type"]]?: SourceDriver<Extract<IngestConnector, { type: Type }>> };

export const sourceDrivers = { stream: streamDriver } satisfies Drivers as unknown as Readonly<
  Record<string, SourceDriver>
>;
