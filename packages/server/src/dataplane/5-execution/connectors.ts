/** The connectors as one port: each call goes to the kind that its tool's connector is of. */
import type { ConnectorAnswer, Connectors } from "../../kernel/deps.ts";
import { isIngesting } from "../../kernel/is-ingesting.ts";
import type { SourceDocuments } from "../../kernel/document-store.ts";
import type { ReadQuarantine, SourceRecords } from "../../kernel/source-store.ts";
import type { SourceWatch } from "../../kernel/source-watch.ts";
import { createDocumentsConnector } from "./connectors/documents.ts";
import { enforceContract } from "./connectors/enforce-contract.ts";
import { createHttpConnector } from "./connectors/http.ts";
import { createIngestedConnector } from "./connectors/ingested.ts";
import { createMcpRuntime } from "./connectors/mcp-runtime.ts";
import type { McpConnectorRuntime } from "./connectors/mcp.ts";
import { createSqlConnector } from "./connectors/sql.ts";

export type ConnectorSet = Connectors & { readonly mcp: McpConnectorRuntime; readonly close: () => Promise<void> };

/** `env` is where secrets and `${NAME}` placeholders of the configuration are looked up. */
export function createConnectors(options: {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly records: SourceRecords;
  readonly documents: SourceDocuments;
  readonly quarantine: ReadQuarantine;
  readonly watch: SourceWatch;
}): ConnectorSet {
  const { env } = options;
  const http = createHttpConnector({ env });
  const sql = createSqlConnector({ env });
  const mcp = createMcpRuntime(env);
  const ingested = createIngestedConnector(options.records);
  const documents = createDocumentsConnector(options);
  const kinds = { http, sql, mcp };
  return {
    mcp,
    call: async (call) => {
      const connector = call.snapshot.connectors[call.tool.connector];
      if (!connector) return absent(call.tool.connector);
      if (connector.type === "documents") return documents.call(call);
      if (isIngesting(connector)) return ingested.call(call);
      return enforceContract(call, await kinds[connector.type].call(call), options);
    },
    close: async () => {
      await Promise.all([http.close(), sql.close(), mcp.close()]);
    },
  };
}

function absent(name: string): ConnectorAnswer {
  return { kind: "unsent", detail: `Connector ${name} is not in the live configuration.` };
}
