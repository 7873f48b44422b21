/** The kinds of source that we bring in ourselves, by the connector's type. */
import { AirworthyError, type IngestConnector } from "@airworthy/contract";

import { documentsDriver } from "./documents/documents-driver.ts";
import { fileDriver } from "./files/file-driver.ts";
import { mailboxDriver } from "./mailbox/mailbox-driver.ts";
import type { SourceDriver } from "./source-driver.ts";
import { streamDriver } from "./streams/stream-driver.ts";

export const sourceDrivers: Readonly<Record<string, SourceDriver>> = {
  documents: only("documents", documentsDriver),
  file: only("file", fileDriver),
  mailbox: only("mailbox", mailboxDriver),
  stream: streamDriver,
};

type Type = IngestConnector["type"];
type Of<T extends Type> = Extract<IngestConnector, { readonly type: T }>;

/** A driver of one type among those of all. */
function only<T extends Type>(type: T, driver: SourceDriver<Of<T>>): SourceDriver {
  const isOwn = (connector: IngestConnector): connector is Of<T> => connector.type === type;
  return {
    ...(driver.keepsIds === undefined ? {} : { keepsIds: driver.keepsIds }),
    untyped: (connector) => isOwn(connector) && driver.untyped(connector),
    run: async (run) => {
      const { connector } = run;
      if (isOwn(connector)) return driver.run({ ...run, connector });
      throw new AirworthyError("internal", `${connector.name} is not a source of type ${type}.`);
    },
  };
}
