/** The tools, prompts and resources with fixed names and fixed answers that the official conformance suite asks for. */
import { setTimeout as sleep } from "node:timers/promises";

import { completable, fromJsonSchema, ResourceTemplate, type McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";

const image = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
const audio = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=";
const text = (words: string) => ({ type: "text" as const, text: words });

function addContentTools(server: McpServer): void {
  const imageBlock = { type: "image" as const, data: image, mimeType: "image/png" };
  const embedded = (uri: string, mimeType: string, words: string) => ({
    type: "resource" as const,
    resource: { uri, mimeType, text: words },
  });
  server.registerTool("test_simple_text", { description: "Answers with text" }, () => ({
    content: [text("This is a simple text response for testing.")],
  }));
  server.registerTool("test_image_content", { description: "Answers with an image" }, () => ({
    content: [imageBlock],
  }));
  server.registerTool("test_audio_content", { description: "Answers with sound" }, () => ({
    content: [{ type: "audio", data: audio, mimeType: "audio/wav" }],
  }));
  server.registerTool("test_embedded_resource", { description: "Answers with a resource" }, () => ({
    content: [embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")],
  }));
  server.registerTool("test_multiple_content_types", { description: "Answers with several kinds of content" }, () => ({
    content: [
      text("Multiple content types test:"),
      imageBlock,
      embedded("test://mixed-content-resource", "application/json", '{"test":"data","value":123}'),
    ],
  }));
  server.registerTool("test_error_handling", { description: "Always fails" }, () => {
    throw new Error("This tool intentionally returns an error for testing");
  });
}

function addSpeakingTools(server: McpServer): void {
  server.registerTool("test_tool_with_progress", { description: "Reports progress three times" }, async (context) => {
    const { _meta: meta } = context.mcpReq;
    const progressToken = meta?.progressToken;
    for (const progress of [0, 50, 100]) {
      if (progressToken !== undefined) {
        const params = { progressToken, progress, total: 100 };
        await context.mcpReq.notify({ method: "notifications/progress", params });
      }
      await sleep(20);
    }
    return { content: [text("Done with progress")] };
  });
  for (const name of ["test_tool_with_logging", "test_logging_tool"]) {
    server.registerTool(name, { description: "Logs while it works" }, async (context) => {
      for (const data of ["started", "working", "finished"]) await context.mcpReq.log("info", data);
      return { content: [text("Done with logging")] };
    });
  }
}

function addSchemaTools(server: McpServer): void {
  const conditional = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object" as const,
    $defs: {
      address: {
        $anchor: "addressDef",
        type: "object",
        properties: { street: { type: "string" }, city: { type: "string" } },
      },
    },
    properties: {
      name: { type: "string" },
      address: { $ref: "#/$defs/address" },
      contactMethod: { type: "string", enum: ["phone", "email"] },
      phone: { type: "string" },
      email: { type: "string" },
    },
    allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
    if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
    // oxlint-disable-next-line unicorn/no-thenable -- a JSON Schema keyword
    then: { required: ["phone"] },
    else: { required: ["email"] },
    additionalProperties: false,
  };
  server.registerTool(
    "json_schema_2020_12_tool",
    { description: "Tool with JSON Schema 2020-12 features", inputSchema: fromJsonSchema(conditional) },
    (input) => ({ content: [text(JSON.stringify(input))] }),
  );
  const inHeader = { type: "object" as const, properties: { region: { type: "string", "x-mcp-header": "Region" } } };
  server.registerTool(
    "test_x_mcp_header",
    { description: "Takes an argument that a header repeats", inputSchema: fromJsonSchema(inHeader) },
    (input) => ({ content: [text(JSON.stringify(input))] }),
  );
}

function addPrompts(server: McpServer): void {
  const said = (words: string) => ({ messages: [{ role: "user" as const, content: text(words) }] });
  server.registerPrompt("test_simple_prompt", { description: "A prompt without arguments" }, () =>
    said("This is a simple prompt for testing."),
  );
  const argument = (name: string) => completable(z.string().describe(name), (value) => [`${value}-completed`]);
  server.registerPrompt(
    "test_prompt_with_arguments",
    {
      description: "A prompt with arguments",
      argsSchema: z.object({ arg1: argument("First"), arg2: argument("Second") }),
    },
    ({ arg1, arg2 }) => said(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`),
  );
  server.registerPrompt(
    "test_prompt_with_embedded_resource",
    { description: "A prompt with a resource", argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri: uri }) => ({
      messages: [
        {
          role: "user",
          content: {
            type: "resource",
            resource: { uri, mimeType: "text/plain", text: "Embedded resource content for testing." },
          },
        },
        { role: "user", content: text("Please process the embedded resource above.") },
      ],
    }),
  );
  server.registerPrompt("test_prompt_with_image", { description: "A prompt with an image" }, () => ({
    messages: [
      { role: "user", content: { type: "image", data: image, mimeType: "image/png" } },
      { role: "user", content: text("Please analyze the image above.") },
    ],
  }));
}

function addResources(server: McpServer): void {
  const plain = { mimeType: "text/plain" };
  for (const [name, words] of [
    ["static-text", "This is the content of the static text resource."],
    ["watched-resource", "Watched resource content"],
  ] as const) {
    const uri = `test://${name}`;
    server.registerResource(name, uri, { ...plain, description: name }, () => ({
      contents: [{ uri, ...plain, text: words }],
    }));
  }
  const png = { mimeType: "image/png" };
  server.registerResource("static-binary", "test://static-binary", { ...png, description: "An image" }, () => ({
    contents: [{ uri: "test://static-binary", ...png, blob: image }],
  }));
  const template = new ResourceTemplate("test://template/{id}/data", { list: undefined });
  server.registerResource("template", template, { mimeType: "application/json" }, (uri, { id }) => ({
    contents: [
      {
        uri: uri.href,
        mimeType: "application/json",
        text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${String(id)}` }),
      },
    ],
  }));
}

/** Registers everything that answers in one round. */
export function addContent(server: McpServer): void {
  addContentTools(server);
  addSpeakingTools(server);
  addSchemaTools(server);
  addPrompts(server);
  addResources(server);
}
