/** Tests that every key a document may be missing has an example to show. */
import { documentKinds } from "@airworthy/contract";
import { expect, test } from "vitest";
import { z } from "zod";

import { exampleOf } from "./key-examples.ts";

function requiredKeys(schema: unknown): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  const { required } = schema as { required?: unknown };
  return [...(Array.isArray(required) ? required.map(String) : []), ...Object.values(schema).flatMap(requiredKeys)];
}

test.each(Object.entries(documentKinds))("%s", (_, schema) => {
  const keys = [...new Set(requiredKeys(z.toJSONSchema(schema)))];
  expect(keys).toContain("kind");
  expect(keys.filter((key) => exampleOf(key, undefined) === undefined)).toEqual([]);
});
