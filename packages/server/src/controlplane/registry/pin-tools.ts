/** Asks an MCP server for its tools and writes their digests into the configuration, for a person to review and commit. */
import { writeFile } from "node:fs/promises";
import path from "node:path";

import { AirworthyError, type ConfigFile, McpConnector } from "@airworthy/contract";
import { isMap, isSeq, parseAllDocuments, type Document, type YAMLMap } from "yaml";

import { readFolder } from "./read-folder.ts";

/** What a server offers now, with the pin each tool would have. */
export type Offers = (
  connector: McpConnector,
) => Promise<readonly { readonly definition: { readonly name: string }; readonly pin: string }[]>;
export type PinResult = {
  readonly file: string;
  readonly tools: readonly { readonly name: string; readonly pin: string; readonly was?: string }[];
};

export async function pinTools(options: {
  readonly configDir: string;
  readonly connector: string;
  readonly offers: Offers;
}): Promise<PinResult> {
  const files = await readFolder(options.configDir);
  for (const file of files.filter((one) => /\.ya?ml$/.test(one.path))) {
    const documents = parseAllDocuments(file.text) as Document[];
    const document = documents.find((one) => one.get("kind") === "Connector" && one.get("name") === options.connector);
    if (!document) continue;
    const offered = await options.offers(McpConnector.parse(document.toJS()));
    const tools = writePins(document, new Map(offered.map(({ definition, pin }) => [definition.name, pin])));
    await writeFile(
      path.join(options.configDir, file.path),
      documents.map((one) => one.toString({ lineWidth: 0 })).join(""),
    );
    return { file: file.path, tools };
  }
  throw absent(options.connector, files);
}

/** Sets `pin` on each tool in place, so that comments and order stay as they are. */
function writePins(document: Document, pins: ReadonlyMap<string, string>): PinResult["tools"] {
  const list = document.get("tools");
  if (!isSeq(list)) return [];
  return list.items.flatMap((item) => {
    if (!isMap(item)) return [];
    const [name, upstream, was] = ["name", "upstream", "pin"].map((key) => textAt(item, key));
    if (name === undefined) return [];
    const pin = pins.get(upstream ?? name);
    if (pin === undefined) throw notOffered(name);
    item.set("pin", pin);
    return [{ name, pin, ...(was !== undefined && was !== pin ? { was } : {}) }];
  });
}

function textAt(map: YAMLMap, key: string): string | undefined {
  const value = map.get(key);
  return typeof value === "string" ? value : undefined;
}

function notOffered(tool: string): AirworthyError {
  return new AirworthyError("not_found", `The server does not offer ${tool}.`, {
    fix: "Correct `upstream`, or remove the tool from the configuration.",
  });
}

function absent(connector: string, files: readonly ConfigFile[]): AirworthyError {
  return new AirworthyError("not_found", `None of ${files.length} files declares the connector ${connector}.`, {
    fix: "Name an MCP connector of the folder given by --config.",
  });
}
