/** The MCP connector with the secrets, addresses and environment that this process may give it. */
import { createPeers } from "../../../kernel/network/create-peers.ts";
import { type McpConnectorRuntime, createMcpConnector } from "./mcp.ts";
import { type Environment, fillUrl, readPem, readSecret } from "./secrets.ts";

export function createMcpRuntime(env: Environment): McpConnectorRuntime {
  return createMcpConnector({
    secret: (ref) => readSecret(ref, env),
    fill: (text) => fillUrl(text, env),
    peers: createPeers({ text: (ref) => readPem(ref, env), fill: (text) => fillUrl(text, env), now: Date.now }),
    environment: basicEnvironment(env),
  });
}

/** What a program started over stdio may see of ours. */
function basicEnvironment(env: Environment): Record<string, string> {
  return Object.fromEntries(["PATH", "HOME"].flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}
