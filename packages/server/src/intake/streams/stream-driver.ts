/** Streams of a broker as a kind of source. */
import type { StreamConnector } from "@airworthy/contract";

import type { SourceDriver } from "../source-driver.ts";

export const streamDriver: SourceDriver<StreamConnector> = {
  untyped: () => false,
  run: async (run) => {
    const { broker } = run.connector;
    // The clients are loaded where a stream is configured, and nowhere else.
    if (broker.kind === "nats") return (await import("./nats.ts")).runNats(run, broker);
    return (await import("./kafka.ts")).runKafka(run, broker);
  },
};
