/** Checks what is done on behalf of people: issuers that can be told apart, limits that a claim can meet. */
import { parsePath } from "../../kernel/path.ts";
import { report, reportMissing, reportTool } from "./link-index.ts";
import type { LinkedTool, LinkIndex } from "./link-index.ts";
import { suggestName } from "./nearest-name.ts";

export function linkPersons(index: LinkIndex): void {
  const attributes = new Set(["person", ...index.issuers.flatMap((one) => Object.keys(one.document.attributes ?? {}))]);
  linkIssuers(index);
  for (const linked of index.tools.values()) {
    linkRows(index, linked, attributes);
    linkClaims(index, linked, attributes);
  }
}

function linkIssuers(index: LinkIndex): void {
  const seen = new Map<string, string>();
  for (const { document, file, locate } of index.issuers) {
    const { name, issuer, audience, keys, agents = [] } = document;
    const sources = [keys.url, keys.file, keys.jwks].filter((one) => one !== undefined).length;
    if (sources !== 1) {
      const message = `${name} has ${sources} sources of keys`;
      report(
        index,
        { code: "AW2006", file, place: locate(["keys"]) },
        { message, hint: "keep one of url, file and jwks" },
      );
    }
    const same = seen.get(JSON.stringify([issuer, audience]));
    if (same !== undefined) {
      const message = `${name} and ${same} have the same issuer and audience: it would be open whose rules hold`;
      report(index, { code: "AW2007", file, place: locate(["issuer"]) }, { message });
    }
    seen.set(JSON.stringify([issuer, audience]), name);
    for (const [position, agent] of agents.entries()) {
      reportMissing(
        index,
        { code: "AW2004", file, place: locate(["agents", position]) },
        { kind: "Agent", name: agent },
      );
    }
  }
}

function linkRows(index: LinkIndex, linked: LinkedTool, attributes: ReadonlySet<string>): void {
  const { rows, effect, name } = linked.tool;
  if (rows === undefined) return;
  if (effect === "write") {
    reportTool(
      index,
      { code: "AW2008", linked, path: ["rows"] },
      { message: `${name} writes; rows are limited where they are read` },
    );
  }
  if (rows.each !== undefined && !isPath(rows.each)) {
    reportTool(
      index,
      { code: "AW1201", linked, path: ["rows", "each"] },
      { message: `"${rows.each.slice(0, 60)}" is not a path` },
    );
  }
  for (const [attribute, path] of Object.entries(rows.limits)) {
    const at = { linked, path: ["rows", "limits", attribute] };
    linkAttribute(index, { ...at, attribute }, attributes);
    const isMisplaced = path.startsWith("@") && rows.each === undefined;
    if (!isPath(path) || path.includes("[*]") || isMisplaced) {
      const hint = isMisplaced
        ? "@ is the item of each; without each begin with $"
        : "write @.region, or $.region without each";
      reportTool(
        index,
        { ...at, code: "AW1201" },
        { message: `"${path.slice(0, 60)}" is not a path that can stand here`, hint },
      );
    }
  }
}

function linkClaims(index: LinkIndex, linked: LinkedTool, attributes: ReadonlySet<string>): void {
  for (const [argument, attribute] of Object.entries(linked.tool.from_claim ?? {})) {
    const at = { linked, path: ["from_claim", argument] };
    linkAttribute(index, { ...at, attribute }, attributes);
    const { input, tool } = linked;
    if (!input?.closed || Object.hasOwn(input.properties, argument)) continue;
    const message = `"${argument}" is not an argument of ${tool.name}`;
    reportTool(
      index,
      { ...at, code: "AW2009" },
      { message, hint: suggestName(argument, Object.keys(input.properties)) },
    );
  }
}

type At = { readonly linked: LinkedTool; readonly path: (string | number)[]; readonly attribute: string };

function linkAttribute(index: LinkIndex, { attribute, ...at }: At, attributes: ReadonlySet<string>): void {
  if (attributes.has(attribute)) return;
  const message = `no issuer vouches for "${attribute}", so every call of ${at.linked.tool.name} would be refused`;
  const hint = suggestName(attribute, attributes) ?? "name it under attributes of an Issuer";
  reportTool(index, { ...at, code: "AW2010" }, { message, hint });
}

function isPath(text: string): boolean {
  try {
    parsePath(text);
    return true;
  } catch {
    return false;
  }
}
