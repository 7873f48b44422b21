/** The committed OpenAPI document is what the table says. After a change of the table: `npx vitest run tests/openapi.test.ts -u`. */
import { api } from "@airworthy/contract";
import { format } from "oxfmt";
import { describe, expect, it } from "vitest";

import { writeOpenApi } from "../packages/server/src/doors/api/openapi.ts";

const document = writeOpenApi(api);

function collectRefs(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "$ref" && typeof inner === "string" ? [inner] : collectRefs(inner),
  );
}

function resolveRef(ref: string): unknown {
  let at: unknown = document;
  for (const step of ref.slice(2).split("/")) at = (at as Record<string, unknown> | undefined)?.[step];
  return at;
}

describe("openapi.json", () => {
  it("equals the table", async () => {
    const { code } = await format("openapi.json", JSON.stringify(document, undefined, 2), { printWidth: 120 });
    await expect(code).toMatchFileSnapshot("../packages/contract/openapi.json");
  });

  it("has every operation once", () => {
    const ids = Object.values(document.paths).flatMap((item) =>
      Object.values(item).map((of) => String(of["operationId"])),
    );
    expect(ids.toSorted()).toEqual(Object.keys(api).toSorted());
  });

  it("has no reference that leads nowhere", () => {
    const refs = collectRefs(document);
    expect(refs.length).toBeGreaterThan(0);
    expect(refs.filter((ref) => !ref.startsWith("#/") || resolveRef(ref) === undefined)).toEqual([]);
  });

  it("describes each path parameter of each path, and nothing in both path and body", () => {
    for (const [path, item] of Object.entries(document.paths)) {
      const wanted = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      for (const operation of Object.values(item)) {
        const parameters = operation["parameters"] as { in?: string; name?: string; schema?: object }[];
        const inPath = parameters.filter((parameter) => parameter.in === "path");
        expect(inPath.map((parameter) => parameter.name)).toEqual(wanted);
        expect(inPath.every((parameter) => Object.keys(parameter.schema ?? {}).length > 0)).toBe(true);
        const body = JSON.stringify(operation["requestBody"] ?? {});
        for (const name of wanted) expect(body).not.toContain(`"${name}":`);
      }
    }
  });
});
