/** An MCP server on the official SDK that offers all the conformance suite wants to see: the upstream of the differential. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { localhostOriginValidation, toNodeHandler, type NodeIncomingMessageLike } from "@modelcontextprotocol/node";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";

import { addContent } from "./fixture-content.ts";
import { addRounds, stateCodec } from "./fixture-rounds.ts";

export type RunningServer = { readonly url: string; readonly close: () => Promise<void> };

/** Starts the fixture on a free port of this machine. */
export async function startFixtureServer(): Promise<RunningServer> {
  const handler = createMcpHandler(
    () => {
      const server = new McpServer(
        { name: "conformance-fixture", version: "1.0.0" },
        {
          capabilities: {
            tools: { listChanged: true },
            prompts: { listChanged: true },
            resources: { listChanged: true, subscribe: true },
            completions: {},
            logging: {},
          },
          requestState: { verify: (state, context) => stateCodec.verify(state, context) },
        },
      );
      addContent(server);
      addRounds(server);
      for (const [kind, tell] of [
        ["tool", () => handler.notify.toolsChanged()],
        ["prompt", () => handler.notify.promptsChanged()],
      ] as const) {
        server.registerTool(`test_trigger_${kind}_change`, { description: `Says that the ${kind}s changed` }, () => {
          tell();
          return { content: [{ type: "text", text: "Told." }] };
        });
      }
      return server;
    },
    { legacy: "reject" },
  );
  const serve = toNodeHandler(handler);
  const isLocal = localhostOriginValidation();
  const server = createServer((request, response) => {
    if (isLocal(request, response)) void serve(request as NodeIncomingMessageLike, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    async close() {
      await handler.close();
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
