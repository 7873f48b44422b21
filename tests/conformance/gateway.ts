/** The gateway as the conformance differential sees it: door and upstream glued by a pass-through, behind an API key. */
import { createServer, request as httpRequest, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

import type { JsonObject } from "@airworthy/contract";

import { protocolErrorOf } from "../../packages/server/src/dataplane/5-execution/connectors/mcp-answer.ts";
import { openMcpUpstream } from "../../packages/server/src/dataplane/5-execution/connectors/mcp-upstream.ts";
import { isJsonObject } from "../../packages/server/src/kernel/json.ts";
import { createMcpDoor, type McpGateway } from "../../packages/server/src/doors/mcp/door.ts";
import type { RunningServer } from "./fixture-server.ts";

const apiKey = "conformance-key";

async function listen(listener: RequestListener): Promise<RunningServer> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

/** Repeats each request with the API key, since the suite cannot send one; nothing else is touched. */
function addKey(target: URL): RequestListener {
  return (request, response) => {
    const headers = [...request.rawHeaders, "Authorization", `Bearer ${apiKey}`];
    const onward = httpRequest(target, { method: request.method ?? "POST", headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      response.flushHeaders();
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  };
}

/** Starts the gateway in front of the fixture; `url` is where the suite may go. */
export async function startGatewayInFront(fixtureUrl: string): Promise<RunningServer> {
  const upstream = openMcpUpstream({ url: fixtureUrl, headers: {} });
  const gateway: McpGateway<"suite"> = {
    authenticate: ({ authorization }) => Promise.resolve(authorization === `Bearer ${apiKey}` ? "suite" : undefined),
    listTools: () => upstream.listTools(),
    async callTool(_caller, call, sink): Promise<JsonObject> {
      const answer = await upstream.callTool({
        ...call,
        timeoutMs: 20_000,
        dispatchBeforeMonoMs: Infinity,
        sink,
        idempotencyKey: "none",
      });
      const error = protocolErrorOf(answer);
      if (error) throw error;
      if ("result" in answer && isJsonObject(answer.result)) return answer.result;
      throw new Error(`the upstream did not answer: ${answer.kind}`);
    },
    forward: (_caller, { method, params }, sink) => upstream.request(method, params, sink),
    async features() {
      const { capabilities } = await upstream.discover();
      return isJsonObject(capabilities) ? capabilities : {};
    },
    listen: (_caller, filter, sink) => upstream.listen(filter, sink),
    serverInfo: { name: "airworthy", version: "0.0.1" },
  };
  const door = await listen(createMcpDoor(gateway));
  const front = await listen(addKey(new URL(door.url)));
  return {
    url: front.url,
    async close() {
      await front.close();
      await door.close();
      await upstream.close();
    },
  };
}
