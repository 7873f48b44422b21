/** Tests of what keeps a call from being looked at: arguments that do not fit, and servers that cannot be asked. */
import type { GovernedTool, JsonObject, Snapshot } from "@airworthy/contract";
import { describe, expect, it } from "vitest";

import { createInputSchemas, type McpDefinitions } from "./input-schemas.ts";

const tool = { name: "freight.book", connector: "freight", digest: "d1", definition: {} } as unknown as GovernedTool;
const snapshot = { connectors: { freight: { type: "mcp", name: "freight" } } } as unknown as Snapshot;
const offering =
  (inputSchema: JsonObject): McpDefinitions =>
  () =>
    Promise.resolve([{ name: "freight.book", inputSchema }]);
const codes = async (definitions: McpDefinitions, args: JsonObject = {}): Promise<string[]> =>
  (await createInputSchemas(definitions).problems(snapshot, tool, args)).map(({ code }) => code);
const wantsRoute: JsonObject = {
  type: "object",
  properties: { route: { type: "string" } },
  required: ["route"],
  additionalProperties: false,
};

describe("a tool of an MCP server", () => {
  it("is checked against what its server declares, without repeating a value", async () => {
    const schemas = createInputSchemas(offering(wantsRoute));
    expect(await schemas.problems(snapshot, tool, { route: "Ghent" })).toEqual([]);
    const [problem] = await schemas.problems(snapshot, tool, { route: 4711 });
    expect(problem).toEqual({
      code: "invalid_arguments",
      detail: "The arguments do not fit freight.book: $.route must be string.",
    });
  });

  it("is checked by draft-07 where its server says so", async () => {
    const draft7 = { ...wantsRoute, $schema: "http://json-schema.org/draft-07/schema#" };
    expect(await codes(offering(draft7), { route: "Ghent" })).toEqual([]);
    expect(await codes(offering(draft7), {})).toEqual(["invalid_arguments"]);
  });

  it("is held when its server offers it no more, or differently", async () => {
    expect(await codes(() => Promise.resolve([]))).toEqual(["tool_changed"]);
  });

  it("is refused when its schema is none", async () => {
    expect(await codes(offering({ type: "no such type" }))).toEqual(["tool_unusable"]);
  });

  it("is refused while its server cannot be asked, and usable as soon as it can", async () => {
    let isDown = true;
    const schemas = createInputSchemas((connector) =>
      isDown ? Promise.reject(new Error("connection failed")) : offering(wantsRoute)(connector),
    );
    expect(await schemas.problems(snapshot, tool, { route: "Ghent" })).toMatchObject([{ code: "tool_unavailable" }]);
    isDown = false;
    expect(await schemas.problems(snapshot, tool, { route: "Ghent" })).toEqual([]);
  });
});
