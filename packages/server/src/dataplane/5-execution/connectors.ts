/** The connectors as one port: each call goes to the kind that its tool's connector is of. */
import type { ConnectorAnswer, Connectors } from "../../kernel/deps.ts";
import { createPeers } from "../../kernel/network/create-peers.ts";
import { createHttpConnector } from "./connectors/http.ts";
import { createMcpConnector, type McpConnectorRuntime } from "./connectors/mcp.ts";
import { fillUrl, readPem, readSecret } from "./connectors/secrets.ts";
import { createSqlConnector } from "./connectors/sql.ts";

export type ConnectorSet = Connectors & { readonly mcp: McpConnectorRuntime; readonly close: () => Promise<void> };

/** `env` is where secrets and `${NAME}` placeholders of the configuration are looked up. */
export function createConnectors(options: { env: Readonly<Record<string, string | undefined>> }): ConnectorSet {
  const { env } = options;
  const http = createHttpConnector({ env });
  const sql = createSqlConnector({ env });
  const mcp = createMcpConnector({
    secret: (ref) => readSecret(ref, env),
    fill: (text) => fillUrl(text, env),
    peers: createPeers({ text: (ref) => readPem(ref, env), fill: (text) => fillUrl(text, env), now: Date.now }),
    environment: basicEnvironment(env),
  });
  const kinds = { http, sql, mcp };
  return {
    mcp,
    call: async (call) => {
      const connector = call.snapshot.connectors[call.tool.connector];
      if (!connector) return absent(call.tool.connector);
      return kinds[connector.type].call(call);
    },
    close: async () => {
      await Promise.all([http.close(), sql.close(), mcp.close()]);
    },
  };
}

function absent(name: string): ConnectorAnswer {
  return { kind: "unsent", detail: `Connector ${name} is not in the live configuration.` };
}

/** What a program started over stdio may see of ours. */
function basicEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(["PATH", "HOME"].flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}
