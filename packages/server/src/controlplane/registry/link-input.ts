/** Checks that a tool's `input` is a JSON Schema of an object, and that its request sends only what it declares. */
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";

import { reportTool } from "./link-index.ts";
import type { InputShape, LinkedTool, LinkIndex } from "./link-index.ts";
import { suggestName } from "./nearest-name.ts";
import type { DataPath } from "./place.ts";
import { scanSql } from "./sql-parameters.ts";

export function linkInputs(index: LinkIndex): void {
  const ajv = new Ajv2020({
    strict: true,
    allowUnionTypes: true,
    allErrors: true,
    addUsedSchema: false,
    logger: false,
  });
  formats.default(ajv);
  for (const linked of index.tools.values()) {
    const { tool, input } = linked;
    if (input === undefined || !("input" in tool)) continue;
    if (tool.input["type"] !== "object") {
      const path = tool.input["type"] === undefined ? ["input"] : ["input", "type"];
      reportTool(
        index,
        { code: "AW1204", linked, path },
        { message: `the input of ${tool.name} must have type: object` },
      );
    }
    compileInput(index, linked, { ajv, schema: tool.input });
    if ("request" in tool) linkRequest(index, linked, { request: tool.request, input });
    if ("sql" in tool) linkSql(index, linked, { sql: tool.sql, input });
  }
}

function compileInput(
  index: LinkIndex,
  linked: LinkedTool,
  at: { readonly ajv: Ajv2020; readonly schema: Readonly<Record<string, unknown>> },
): void {
  const { ajv, schema } = at;
  const complain = (path: DataPath, why: string): void => {
    const message = `the input of ${linked.tool.name} is not a valid JSON Schema: ${why.slice(0, 200)}`;
    reportTool(index, { code: "AW1203", linked, path: ["input", ...path] }, { message });
  };
  try {
    const { $id: _, ...anonymous } = schema;
    if (ajv.validateSchema(anonymous) === true) {
      ajv.compile(anonymous);
      return;
    }
    // One finding for each place: the branches of a failed alternative say the same thing several times.
    const places = new Map(
      (ajv.errors ?? []).map((error) => [
        error.instancePath,
        error.message ?? "it does not fit the 2020-12 vocabulary",
      ]),
    );
    for (const [pointer, why] of places) complain(toPath(pointer), why);
  } catch (error) {
    const why = error instanceof Error ? error.message : "it cannot be compiled";
    const word = /keyword: "([^"]+)"/.exec(why)?.[1] ?? /keyword "([^"]+)"/.exec(why)?.[1];
    complain(word === undefined ? [] : (findKey(schema, word) ?? []), why);
  }
}

function toPath(pointer: string): DataPath {
  const steps = pointer.split("/").slice(1);
  return steps.map((step) => (/^\d+$/.test(step) ? Number(step) : step.replaceAll("~1", "/").replaceAll("~0", "~")));
}

function findKey(value: unknown, key: string): DataPath | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  for (const [name, member] of Object.entries(value)) {
    const step = Array.isArray(value) ? Number(name) : name;
    if (name === key) return [step];
    const below = findKey(member, key);
    if (below !== undefined) return [step, ...below];
  }
  return undefined;
}

type Request = {
  readonly path: string;
  readonly query?: readonly string[] | undefined;
  readonly body?: readonly string[] | undefined;
};

function linkRequest(
  index: LinkIndex,
  linked: LinkedTool,
  { request, input }: { readonly request: Request; readonly input: InputShape },
): void {
  const known = Object.keys(input.properties);
  for (const [text, name = ""] of request.path.matchAll(/\{([^{}]*)\}/g)) {
    const at = { linked, path: ["request", "path"], text };
    if (!known.includes(name)) {
      reportTool(
        index,
        { ...at, code: "AW1205" },
        { message: `${text} is not an argument of ${linked.tool.name}`, hint: suggestName(name, known) },
      );
    } else if (!input.required.has(name)) {
      reportTool(
        index,
        { ...at, code: "AW1206" },
        { message: `${text} stands in the path, so "${name}" must be required`, hint: `add it to required` },
      );
    }
  }
  if (/[{}]/.test(request.path.replaceAll(/\{[^{}]*\}/g, ""))) {
    reportTool(
      index,
      { code: "AW1205", linked, path: ["request", "path"] },
      { message: "a brace in the path has no partner" },
    );
  }
  for (const part of ["query", "body"] as const) {
    for (const [position, name] of (request[part] ?? []).entries()) {
      if (known.includes(name) || linked.tool.idempotency?.argument === name) continue;
      const message = `"${name}" is not an argument of ${linked.tool.name}`;
      reportTool(
        index,
        { code: "AW1207", linked, path: ["request", part, position] },
        { message, hint: suggestName(name, known) },
      );
    }
  }
}

function linkSql(
  index: LinkIndex,
  linked: LinkedTool,
  { sql, input }: { readonly sql: string; readonly input: InputShape },
): void {
  const { document } = linked.connector;
  const { parameters, statements } = scanSql(sql, document.type === "sql" ? document.dialect : undefined);
  const known = Object.keys(input.properties);
  if (statements !== 1) {
    const message = `this holds ${statements} statements; a tool is exactly one`;
    reportTool(index, { code: "AW1216", linked, path: ["sql"], ...(statements > 1 ? { text: ";" } : {}) }, { message });
  }
  for (const name of parameters) {
    if (known.includes(name) || linked.tool.idempotency?.argument === name) continue;
    const message = `:${name} is not an argument of ${linked.tool.name}`;
    reportTool(
      index,
      { code: "AW1208", linked, path: ["sql"], text: `:${name}` },
      { message, hint: suggestName(name, known) },
    );
  }
}
