/** Writes the OpenAPI 3.1 description of the HTTP interface from the table of operations. Pure: no server is needed. */
import * as contract from "@airworthy/contract";
import type { Route } from "@airworthy/contract";
import { z } from "zod";

type JsonSchema = { readonly [key: string]: unknown };
type Routes = Readonly<Record<string, Route>>;

/** An OpenAPI 3.1 document; the parts that are read back are typed. */
export type OpenApiDocument = {
  readonly openapi: "3.1.0";
  readonly paths: Readonly<Record<string, Readonly<Record<string, JsonSchema>>>>;
  readonly components: JsonSchema & { readonly schemas: Readonly<Record<string, JsonSchema>> };
  readonly [key: string]: unknown;
};

const componentUri = (id: string): string => `#/components/schemas/${id}`;

/** Describes these routes. Equal routes give equal documents, key order included. */
export function writeOpenApi(routes: Routes): OpenApiDocument {
  const schemas = describeSchemas(routes);
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const [operation, route] of Object.entries(routes)) {
    const item = (paths[route.path] ??= {});
    item[route.method.toLowerCase()] = describeOperation(operation, route, schemas);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Airworthy",
      version: "1",
      summary: "The HTTP interface through which agents act and people govern them.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    security: [{ key: [] }],
    paths,
    components: {
      securitySchemes: {
        key: { type: "http", scheme: "bearer", description: "An agent's or a person's API key." },
      },
      parameters: { tenant: tenantParameter },
      responses: {
        Error: {
          description: "A failure. `retryable` says whether the same request may succeed later.",
          ...jsonOf("ErrorBody"),
        },
      },
      schemas: reachable(paths, schemas),
    },
  };
}

const tenantParameter = {
  name: "Airworthy-Tenant",
  in: "header",
  required: false,
  description: "Only a local administrator may choose a tenant; every other key belongs to one.",
  schema: { type: "string" },
};

const jsonOf = (schemaName: string) => ({
  content: { "application/json": { schema: { $ref: componentUri(schemaName) } } },
});

function describeOperation(operation: string, route: Route, schemas: Record<string, JsonSchema>): JsonSchema {
  const input = objectSchema(schemas[inputName(operation, route)]);
  const inPath = new Set([...route.path.matchAll(/\{([a-zA-Z]+)\}/g)].map((match) => match[1] ?? ""));
  const names = Object.keys(input.properties);
  const inQuery = route.method === "POST" ? [] : names.filter((name) => !inPath.has(name));
  const isPublic = route.scopes.includes("public");
  return {
    operationId: operation,
    summary: route.summary,
    tags: [route.path.split("/")[2] ?? "v1"],
    "x-airworthy-scopes": route.scopes,
    ...(isPublic ? { security: [] } : {}),
    parameters: [
      ...[...inPath].map((name) => ({ name, in: "path", required: true, schema: input.properties[name] ?? {} })),
      ...inQuery.map((name) => ({
        name,
        in: "query",
        required: input.required.includes(name),
        schema: input.properties[name] ?? {},
      })),
      ...(isPublic ? [] : [{ $ref: "#/components/parameters/tenant" }]),
    ],
    ...(route.method === "POST" ? { requestBody: describeBody(operation, route, { input, inPath }) } : {}),
    responses: {
      "200": { description: "Done.", ...jsonOf(outputName(operation, route)) },
      default: { $ref: "#/components/responses/Error" },
    },
  };
}

type ObjectSchema = { readonly properties: Record<string, JsonSchema>; readonly required: readonly string[] };

function describeBody(operation: string, route: Route, of: { input: ObjectSchema; inPath: ReadonlySet<string> }) {
  if (of.inPath.size === 0) return { required: true, ...jsonOf(inputName(operation, route)) };
  const properties = Object.fromEntries(Object.entries(of.input.properties).filter(([name]) => !of.inPath.has(name)));
  const required = of.input.required.filter((name) => !of.inPath.has(name));
  const schema = { type: "object", properties, required, additionalProperties: false };
  return { required: true, content: { "application/json": { schema } } };
}

const exportedNames = new Map<unknown, string>(Object.entries(contract).map(([name, value]) => [value, name]));
const capitalize = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const inputName = (operation: string, route: Route): string =>
  exportedNames.get(route.input) ?? `${capitalize(operation)}Input`;
const outputName = (operation: string, route: Route): string =>
  exportedNames.get(route.output) ?? `${capitalize(operation)}Output`;

/** Every named schema of the contract and every operation's own, as JSON Schema with references between them. */
function describeSchemas(routes: Routes): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  for (const [value, name] of exportedNames) if (value instanceof z.ZodType) registry.add(value, { id: name });
  for (const [operation, route] of Object.entries(routes)) {
    if (!registry.has(route.input)) registry.add(route.input, { id: inputName(operation, route) });
    if (!registry.has(route.output)) registry.add(route.output, { id: outputName(operation, route) });
  }
  // "input" also for answers: a client must accept fields that a newer server adds.
  const { schemas } = z.toJSONSchema(registry, { io: "input", uri: componentUri });
  const { __shared: shared, ...named } = asSchemas(schemas);
  const unnamed = Object.entries(asSchemas(shared?.["$defs"])).map(
    ([key, schema]) => [sharedName(key), schema] as const,
  );
  const tidied = [...Object.entries(named), ...unnamed].map(([name, schema]) => [name, tidySchema(schema)] as const);
  return asSchemas(Object.fromEntries(tidied));
}

/** zod puts what two schemas share without a name into one corner; here it becomes a component like any other. */
const sharedName = (key: string): string => `Shared_${key}`;

const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const asSchemas = (value: unknown): Record<string, JsonSchema> =>
  Object.fromEntries(
    Object.entries(isSchema(value) ? value : {}).filter((entry): entry is [string, JsonSchema] => isSchema(entry[1])),
  );

/** Leaves out what says nothing (bounds of safe integers, string keys) or repeats `format` as a long pattern. */
function tidySchema(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(tidySchema);
  if (!isSchema(value)) return value;
  const kept = Object.entries(value).filter(([key, inner]) => !isNoise(key, inner, value));
  return Object.fromEntries(kept.map(([key, inner]) => [key, key === "$ref" ? tidyRef(inner) : tidySchema(inner)]));
}

function isNoise(key: string, inner: unknown, owner: JsonSchema): boolean {
  if (key === "$schema" || key === "$id") return typeof inner === "string";
  if (key === "propertyNames") return isSchema(inner) && Object.keys(inner).join() === "type";
  if (key === "pattern") return owner["format"] === "date-time";
  return inner === Number.MAX_SAFE_INTEGER || inner === Number.MIN_SAFE_INTEGER;
}

const tidyRef = (ref: unknown): unknown =>
  typeof ref === "string" ? ref.replace(/__shared#\/\$defs\/(\w+)$/, (_, key: string) => sharedName(key)) : ref;

function objectSchema(schema: JsonSchema | undefined): ObjectSchema {
  const required = schema?.["required"];
  return {
    properties: asSchemas(schema?.["properties"]),
    required: Array.isArray(required) ? required.map(String) : [],
  };
}

/** Only the components that some operation leads to, in alphabetical order. */
function reachable(paths: unknown, schemas: Record<string, JsonSchema>): Record<string, JsonSchema> {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      if (key !== "$ref" || typeof inner !== "string") visit(inner);
      else follow(inner.slice(componentUri("").length));
    }
  };
  const follow = (name: string): void => {
    if (found.has(name) || schemas[name] === undefined) return;
    found.add(name);
    visit(schemas[name]);
  };
  visit(paths);
  follow("ErrorBody");
  return Object.fromEntries([...found].toSorted().map((name) => [name, schemas[name] ?? {}]));
}
