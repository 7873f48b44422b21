/** An upstream MCP server on the official SDK, with what it was given and a definition that a test may change. */
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";

import { toNodeHandler, type NodeIncomingMessageLike } from "@modelcontextprotocol/node";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";

export type FreightServer = {
  readonly url: string;
  /** Every tools/call as it came in: parameters whole, headers. */
  readonly calls: { readonly params: Record<string, unknown>; readonly headers: IncomingMessage["headers"] }[];
  /** Stands in the description of `freight.book`; another value is another definition. */
  edition: string;
  /** Awaited by every booking before it answers. */
  before: () => Promise<void>;
  readonly close: () => Promise<void>;
};

/** With certificates it speaks TLS; its URL then names `localhost`, as certificates do. */
export async function startFreightServer(certificates?: ServerOptions): Promise<FreightServer> {
  const state = { calls: [] as FreightServer["calls"], edition: "first", before: () => Promise.resolve() };
  const build = (): McpServer => {
    const server = new McpServer({ name: "freight", version: "1.0.0" });
    server.registerTool(
      "quote",
      {
        description: "Quotes a route",
        inputSchema: z.object({ route: z.string() }),
        outputSchema: z.object({ route: z.string(), priceMinor: z.int(), iban: z.string() }),
      },
      ({ route }) => {
        const quote = { route, priceMinor: 4200, iban: "DE02120300000000202051" };
        return { content: [{ type: "text", text: JSON.stringify(quote) }], structuredContent: quote };
      },
    );
    server.registerTool(
      "book",
      {
        description: `Books a route (${state.edition})`,
        inputSchema: z.object({ route: z.string(), priceMinor: z.int() }),
      },
      async ({ route }) => {
        await state.before();
        return { content: [{ type: "text", text: `booked ${route}` }] };
      },
    );
    server.registerTool(
      "rate",
      { description: "Has a confidence of its own", inputSchema: z.object({ _confidence: z.string() }) },
      ({ _confidence: own }) => ({ content: [{ type: "text", text: own }] }),
    );
    server.registerTool("fail", { description: "Fails", inputSchema: z.object({}) }, () => ({
      isError: true,
      content: [{ type: "text", text: "the lorry is gone" }],
    }));
    return server;
  };
  const handler = createMcpHandler(build, { legacy: "reject" });
  const serve = toNodeHandler(handler);
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as { method: string; params: Record<string, unknown> };
      if (body.method === "tools/call") state.calls.push({ params: body.params, headers: request.headers });
      void serve(request as NodeIncomingMessageLike, response, body);
    });
  };
  const server = certificates ? createTlsServer(certificates, listener) : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(state, {
    url: `${certificates ? "https://localhost" : "http://127.0.0.1"}:${(server.address() as AddressInfo).port}/mcp`,
    close: async () => {
      await handler.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  });
}
