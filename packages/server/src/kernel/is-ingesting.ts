/** Tells connectors that bring records in from those that are asked. */
import type { ConnectorDocument, IngestConnector } from "@airworthy/contract";

export function isIngesting(connector: ConnectorDocument | undefined): connector is IngestConnector {
  return connector !== undefined && "records" in connector;
}
