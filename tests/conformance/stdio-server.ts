/** A small MCP server over stdio on the official SDK: what the stdio upstream is tested with. */
import { McpServer } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { z } from "zod";

serveStdio(() => {
  const server = new McpServer({ name: "stdio-fixture", version: "1.0.0" });
  const text = (words: string) => ({ content: [{ type: "text" as const, text: words }] });
  server.registerTool("echo", { description: "Echoes", inputSchema: z.object({ text: z.string() }) }, (input) =>
    text(input.text),
  );
  server.registerTool("fail", { description: "Fails" }, () => {
    throw new Error("this tool fails");
  });
  server.registerTool("environment", { description: "Names what it was given" }, () =>
    text(Object.keys(process.env).toSorted().join(",")),
  );
  server.registerTool("exit", { description: "Ends the program in the middle of the call" }, () => process.exit(1));
  server.registerTool("progress", { description: "Reports progress" }, async (context) => {
    const { _meta: meta } = context.mcpReq;
    const progressToken = meta?.progressToken ?? 0;
    await context.mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress: 1 } });
    return text("done");
  });
  return server;
});
