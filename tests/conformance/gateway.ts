/** The gateway as the conformance differential sees it: the whole product with one permissive policy, behind an API key. */
import { createServer, request as httpRequest, type RequestListener } from "node:http";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

import { createClient } from "@airworthy/sdk";
import { startServer } from "@airworthy/server";
import { stringify } from "yaml";

import { toolDigest } from "../../packages/server/src/dataplane/5-execution/connectors/mcp-tool-digest.ts";
import { openMcpUpstream } from "../../packages/server/src/dataplane/5-execution/connectors/mcp-upstream.ts";
import type { RunningServer } from "./fixture-server.ts";

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
function addKey(target: URL, key: string): RequestListener {
  return (request, response) => {
    const headers = [...request.rawHeaders, "Authorization", `Bearer ${key}`];
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

/** Starts the whole product in front of the fixture: doors, rooms, store; `url` is where the suite may go. */
export async function startGatewayInFront(fixtureUrl: string): Promise<RunningServer> {
  const folder = await mkdtemp(path.join(tmpdir(), "airworthy-conformance-gateway-"));
  const configDir = path.join(folder, "config");
  await mkdir(configDir);
  await writeFile(path.join(configDir, "suite.yaml"), await describeFixture(fixtureUrl));
  await writeFile(path.join(configDir, "suite.cedar"), '@id("suite-may")\npermit (principal, action, resource);\n');
  const dataDir = path.join(folder, "data");
  const server = await startServer({ dataDir, configDir, port: 0, env: { PATH: process.env["PATH"] } });
  const adminKey = (await readFile(path.join(dataDir, "admin.key"), "utf8")).trim();
  const admin = createClient({ baseUrl: server.url, key: adminKey });
  const { key } = await admin.createKey({ for: { kind: "agent", name: "suite" } });
  const front = await listen(addKey(new URL(`${server.url}/mcp`), key));
  return {
    url: front.url,
    async close() {
      await front.close();
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The fixture's own tools, pinned as they are; it is exempt from the two added arguments. */
async function describeFixture(url: string): Promise<string> {
  const upstream = openMcpUpstream({ url, headers: {} });
  const tools = await upstream.listTools();
  await upstream.close();
  const apiVersion = "airworthy/v1";
  const documents = [
    { apiVersion, kind: "Person", name: "owner", roles: ["admin"] },
    {
      apiVersion,
      kind: "Agent",
      name: "suite",
      purpose: "Runs the official conformance suite",
      owner: "owner",
      stage: "production",
      level: "senior",
      tools: tools.map((tool) => tool.name),
    },
    {
      apiVersion,
      kind: "Connector",
      name: "fixture",
      type: "mcp",
      url,
      extras: false,
      passthrough: ["prompts", "resources", "completions", "logging"],
      tools: tools.map((tool) => ({ name: tool.name, effect: "read", pin: toolDigest(tool), timeout: "30s" })),
    },
  ];
  return documents.map((document) => stringify(document)).join("---\n");
}
