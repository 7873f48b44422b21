/** Configures a suite of tools from nothing but its tool list: by words in names and descriptions, the same for any suite. */
import { stringify } from "yaml";

export type ListedTool = {
  readonly name: string;
  readonly description: string;
  readonly parameters: {
    readonly properties: Readonly<
      Record<string, { readonly type?: string; readonly anyOf?: readonly { type?: string }[] }>
    >;
  };
};

const reads = /^(?:get|read|list|search|find|show|check|count|view|look)_/;
/** Content that anyone may have written. */
const outsideContent =
  /web ?page|\bweb|\burl\b|\bfiles?\b|document|e-?mail|review|feed|comment|calendar|event|article/i;
/** Content that people of the same organisation write to each other. */
const insideContent = /\bchannel|\bmessages?\b|\binbox\b|\bchat\b/i;
/** Fields that hold what somebody has written, whatever system keeps them. */
const freeText = [
  "subject",
  "body",
  "content",
  "text",
  "message",
  "description",
  "comment",
  "note",
  "title",
  "reviews",
];

const sensitiveOfWrites =
  /(?:^|_)(?:amount|price|sum|total|fee|recipients?|receiver|payee|beneficiary|to|cc|bcc|iban|account|e?mail|participants|attendees|channel|users?|username|url|uri|link|address|phone|destination|password|secret|token|name|street|city|birthday|role|permission|id)$/i;
/** A read changes nothing, but where it goes is heard there. */
const sensitiveOfReads = /(?:^|_)(?:url|uri|link|host|domain|endpoint)$/i;

/** Names of tools with the suite before them, so that two suites can stand beside each other. */
export const toolName = (suite: string, name: string): string => `${suite}.${name}`;

export function configureSuite(suite: string, tools: readonly ListedTool[]): string {
  const connector = {
    apiVersion: "airworthy/v1",
    kind: "Connector",
    name: suite,
    type: "http",
    baseUrl: "${AGENTDOJO_URL}",
    tools: tools.map((tool) => configureTool(suite, tool)),
  };
  return stringify(connector);
}

function configureTool(suite: string, { name, description, parameters }: ListedTool): object {
  const isRead = reads.test(name);
  const properties = Object.entries(parameters.properties);
  const pattern = isRead ? sensitiveOfReads : sensitiveOfWrites;
  const sensitive = properties.filter(([key, schema]) => pattern.test(key) && !isBoolean(schema)).map(([key]) => key);
  return {
    name: toolName(suite, name),
    description,
    effect: isRead ? "read" : "write",
    ...(isRead ? {} : { reversibility: "irreversible" }),
    input: parameters,
    request: { method: "POST", path: `/${name}`, body: properties.map(([key]) => key) },
    ...trustOf(`${name.replaceAll("_", " ")} ${description}`),
    ...(sensitive.length > 0 ? { sensitive: Object.fromEntries(sensitive.map((key) => [key, `$.${key}`])) } : {}),
  };
}

function isBoolean(schema: { readonly type?: string }): boolean {
  return schema.type === "boolean";
}

function trustOf(words: string): object {
  if (outsideContent.test(words)) return { trust: "untrusted" };
  const fields = freeText.map((field) => `$..${field}`);
  return insideContent.test(words) ? { trust: "trusted", internal: fields } : { trust: "trusted", untrusted: fields };
}
