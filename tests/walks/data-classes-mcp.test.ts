/** Data classes through the MCP door and an MCP server behind it: structured and plain content, progress, errors, resources. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { type NodeIncomingMessageLike, toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { pinTools } from "@airworthy/server";

import { openDesk, type Desk } from "../support/desk.ts";

const name = "Aurelia Quist";
const email = "aurelia@quist.example";
const card = "5555555555554444";
const picture = "aGVsbG8gd29ybGQ=";

function buildServer(): McpServer {
  const server = new McpServer({ name: "desk", version: "1.0.0" });
  server.registerTool(
    "person",
    {
      description: "One person",
      inputSchema: z.object({ id: z.string() }),
      outputSchema: z.object({ person: z.object({ name: z.string(), mail: z.string() }) }),
    },
    () => {
      const answer = { person: { name, mail: email } };
      return {
        structuredContent: answer,
        content: [
          { type: "text", text: JSON.stringify(answer) },
          { type: "text", text: `${name} can be reached at ${email}.` },
          { type: "image", data: picture, mimeType: "image/png" },
        ],
      };
    },
  );
  server.registerTool(
    "slow",
    { description: "Speaks", inputSchema: z.object({ n: z.string() }) },
    async (_, context) => {
      const { _meta: meta } = context.mcpReq;
      const progressToken = meta?.progressToken;
      for (const [at, message] of [`asking ${name}`, `the card is ${card}`, "done"].entries()) {
        if (progressToken === undefined) continue;
        const params = { progressToken, progress: at + 1, total: 3, message };
        await context.mcpReq.notify({ method: "notifications/progress", params });
      }
      return { content: [{ type: "text", text: "done" }] };
    },
  );
  server.registerTool("fail", { description: "Fails", inputSchema: z.object({ n: z.string() }) }, () => ({
    isError: true,
    content: [{ type: "text", text: `no mail for ${name} <${email}>` }],
  }));
  const uri = "test://people";
  server.registerResource("people", uri, { mimeType: "text/plain" }, () => ({
    contents: [{ uri, mimeType: "text/plain", text: `${name}, ${email}` }],
  }));
  server.registerResource("cards", "test://cards", { mimeType: "text/plain" }, () => ({
    contents: [{ uri: "test://cards", mimeType: "text/plain", text: `card ${card}` }],
  }));
  return server;
}

const connectors = `
apiVersion: airworthy/v1
kind: Connector
name: desk
type: mcp
url: \${DESK_URL}
passthrough: [resources]
tools:
  - name: desk.person
    upstream: person
    effect: read
    classes: { pii.name: [$.person.name], pii.email: [$.person.mail] }
  - { name: desk.slow, upstream: slow, effect: read }
  - { name: desk.fail, upstream: fail, effect: read }
`;
const files = {
  "people.yaml": "apiVersion: airworthy/v1\nkind: Person\nname: maria\nroles: [operator]\n",
  "agents.yaml": `
apiVersion: airworthy/v1
kind: Agent
name: clerk
purpose: Answers
owner: maria
stage: production
level: senior
tools: [desk.person, desk.slow, desk.fail]
`,
  "data.yaml": `
apiVersion: airworthy/v1
kind: DataRule
name: people-as-tokens
classes: [pii]
to: { agents: any }
do: tokenise
---
apiVersion: airworthy/v1
kind: DataRule
name: no-cards
classes: [pci]
to: { agents: [clerk] }
do: block
`,
  "rules.cedar": '@id("may") permit (principal, action, resource);',
};

let desk: Desk;
let client: Client;
let serial = 0;
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  const handler = createMcpHandler(buildServer, { legacy: "reject" });
  const serve = toNodeHandler(handler);
  const upstream = createServer((request, response) => void serve(request as NodeIncomingMessageLike, response));
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  closers.push(
    () => handler.close(),
    () => upstream.closeAllConnections(),
    () => upstream.close(),
  );
  const env = { DESK_URL: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/mcp` };
  const folder = mkdtempSync(path.join(tmpdir(), "airworthy-classes-"));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(path.join(folder, "desk.yaml"), connectors);
  await pinTools({ configDir: folder, connector: "desk", env });
  desk = await openDesk({
    files: { ...files, "desk.yaml": readFileSync(path.join(folder, "desk.yaml"), "utf8") },
    env,
  });
  closers.unshift(() => desk.close());
  const { key } = await desk.server.agent("clerk");
  client = new Client({ name: "walk", version: "1" }, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
  const requestInit = { headers: { authorization: `Bearer ${key}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${desk.server.url}/mcp`), { requestInit }));
  closers.unshift(() => client.close());
});
afterAll(async () => {
  for (const close of closers) await close();
});

const call = (tool: string, options?: Parameters<Client["callTool"]>[1]) =>
  client.callTool(
    { name: tool, arguments: tool === "desk.person" ? { id: `p${(serial += 1)}` } : { n: `n${(serial += 1)}` } },
    options,
  );
const expectNothing = (said: unknown): void => {
  expect(JSON.stringify(said)).not.toMatch(/Quist|quist\.example|5555555555554444/);
};

describe("through MCP", () => {
  it("structured content, its text and sentences about it tell the same tokens; a picture is not shown", async () => {
    const result = await call("desk.person");
    expectNothing(result);
    const { person } = result.structuredContent as { person: { name: string; mail: string } };
    expect(person.name).toMatch(/^tok_pii-name_/);
    const [text, sentence, image, notice] = result.content as { type: string; text?: string }[];
    expect(JSON.parse(text?.text ?? "")).toEqual({ person });
    expect(sentence?.text).toBe(`${person.name} can be reached at ${person.mail}.`);
    expect(image).toEqual({ type: "text", text: "[not shown: it cannot be searched for personal data]" });
    expect(notice?.text).toContain("tok_ stands for the value");
  });

  it("what is said under way is looked at, in order; what is blocked is not passed on", async () => {
    await call("desk.person");
    const heard: (string | undefined)[] = [];
    const result = await call("desk.slow", { onprogress: ({ message }) => void heard.push(message) });
    expect((result.content as { text?: string }[])[0]?.text).toBe("done");
    expect(heard[0]).toMatch(/^asking tok_pii-name_/);
    expect(heard.slice(1)).toEqual(["done"]);
    const { _meta: meta = {} } = result;
    const { id } = meta["airworthy/action"] as { id: `act_${string}` };
    const { action } = await desk.server.admin.explainAction({ id });
    expect(action.data).toEqual(
      expect.arrayContaining([expect.objectContaining({ at: "progress", class: "pci.card", did: "blocked" })]),
    );
  });

  it("an error tells no more than an answer", async () => {
    await call("desk.person");
    const result = await call("desk.fail");
    expect(result.isError).toBe(true);
    expectNothing(result);
    expect(JSON.stringify(result)).toContain("tok_pii-email_");
  });

  it("resources are held to the same rules", async () => {
    await call("desk.person");
    const people = await client.readResource({ uri: "test://people" });
    expectNothing(people);
    expect(JSON.stringify(people)).toContain("tok_pii-name_");
    const cards = client.readResource({ uri: "test://cards" });
    await expect(cards).rejects.toThrow(/pci\.card/);
    await cards.catch(expectNothing);
  });
});
