/** Checks data classes and rules: patterns that can be matched, names that exist, classes that something is of. */
import type { AgreementDocument, DataClassDocument, DataRuleDocument } from "@airworthy/contract";

import { compileDetector } from "../../kernel/classes/custom-detector.ts";
import { coversClass } from "../../kernel/classes/covers-class.ts";
import { detectedClasses } from "../../kernel/classes/find-spans.ts";
import { parsePath } from "../../kernel/path.ts";
import { report, reportMissing, reportTool } from "./link-index.ts";
import type { LinkedTool, LinkIndex, Spot } from "./link-index.ts";
import type { LoadedDocument } from "./load-documents.ts";
import { suggestName } from "./nearest-name.ts";

export function linkData(index: LinkIndex): void {
  const known = knownClasses(index);
  for (const one of index.dataClasses) linkClass(index, one);
  for (const one of index.dataRules) linkRule(index, one, known);
  for (const one of index.agreements) linkAgreement(index, one, known);
  for (const linked of index.tools.values()) {
    linkFields(index, linked, "classes");
    linkFields(index, linked, "accepts");
  }
}

/** Found by a detector, by a document's own, or declared of a field. */
function knownClasses(index: LinkIndex): string[] {
  const declared = [...index.tools.values()].flatMap(({ tool }) => [
    ...Object.keys(tool.classes ?? {}),
    ...Object.keys(tool.accepts ?? {}),
  ]);
  const ofRecords = index.contracts.flatMap(({ document }) => document.fields.flatMap((field) => field.class ?? []));
  return [
    ...new Set([...ofRecords, ...detectedClasses, ...index.dataClasses.map((one) => one.document.name), ...declared]),
  ];
}

function linkClass(index: LinkIndex, { document, file, locate }: LoadedDocument<DataClassDocument>): void {
  for (const [position, pattern] of (document.patterns ?? []).entries()) {
    try {
      compileDetector({ ...document, patterns: [pattern], words: undefined });
    } catch {
      const spot: Spot = { code: "AW2001", file, place: locate(["patterns", position]) };
      report(index, spot, {
        message: `this pattern cannot be matched in linear time, or is none: ${pattern.slice(0, 40)}`,
        hint: "RE2's syntax has no look-ahead, look-behind and back-references; anchor with \\b",
      });
    }
  }
  const { patterns, words, reveal } = document;
  if (patterns !== undefined || words !== undefined || reveal !== undefined) return;
  report(
    index,
    { code: "AW2002", file, place: locate(["name"]) },
    { message: `${document.name} has no pattern, no words and no reveal` },
  );
}

function linkRule(index: LinkIndex, rule: LoadedDocument<DataRuleDocument>, known: readonly string[]): void {
  const { document, file, locate } = rule;
  const { to, from, except, classes } = document;
  if (Object.keys(to).length === 0) {
    const message = `${document.name} names no destination, so it would hold for nothing`;
    report(
      index,
      { code: "AW2003", file, place: locate(["to"]) },
      { message, hint: "for example to: { agents: any }" },
    );
  }
  const named = (
    key: readonly (string | number)[],
    kind: "Agent" | "Tool" | "Connector",
    names: "any" | readonly string[] | undefined,
  ): void => {
    for (const [position, name] of (names === "any" ? [] : (names ?? [])).entries()) {
      reportMissing(index, { code: "AW2004", file, place: locate([...key, position]) }, { kind, name });
    }
  };
  named(["to", "agents"], "Agent", to.agents);
  named(["to", "tools"], "Tool", to.tools);
  named(["to", "connectors"], "Connector", to.connectors);
  named(["from", "tools"], "Tool", from?.tools);
  named(["from", "connectors"], "Connector", from?.connectors);
  named(["except", "agents"], "Agent", except?.agents);
  named(["except", "tools"], "Tool", except?.tools);
  if (except?.agreement === true && to.agents === undefined && to.providers === undefined) {
    const message = `${document.name} is about no agent's model, so no agreement can except it`;
    report(index, { code: "AW2013", file, place: locate(["except", "agreement"]) }, { message });
  }
  reportStrangeClasses(index, { rule, key: "classes", classes, known });
}

type Naming = {
  readonly rule: LoadedDocument;
  readonly key: string;
  readonly classes: readonly string[];
  readonly known: readonly string[];
};

function reportStrangeClasses(index: LinkIndex, { rule: { file, locate }, key, classes, known }: Naming): void {
  for (const [position, name] of classes.entries()) {
    if (!index.complete || known.some((one) => coversClass(name, one) || coversClass(one, name))) continue;
    const message = `nothing is of class "${name}": no detector finds it, and no tool declares it`;
    report(
      index,
      { code: "AW2005", file, place: locate([key, position]) },
      { message, hint: suggestName(name, known) },
    );
  }
}

function linkAgreement(index: LinkIndex, agreement: LoadedDocument<AgreementDocument>, known: readonly string[]): void {
  const { document, file, locate } = agreement;
  const { provider, covers, from, until } = document;
  const providers = index.agents.flatMap((one) => one.document.model?.provider ?? []);
  if (index.complete && !providers.includes(provider)) {
    const message = `no agent's model is of "${provider}"`;
    report(
      index,
      { code: "AW2011", file, place: locate(["provider"]) },
      { message, hint: suggestName(provider, providers) },
    );
  }
  if (from !== undefined && from > until) {
    const message = `${document.name} ends on ${until}, before it begins on ${from}`;
    report(index, { code: "AW2012", file, place: locate(["until"]) }, { message });
  }
  reportStrangeClasses(index, { rule: agreement, key: "covers", classes: covers, known });
}

function linkFields(index: LinkIndex, linked: LinkedTool, part: "classes" | "accepts"): void {
  for (const [name, paths] of Object.entries(linked.tool[part] ?? {})) {
    for (const [position, path] of paths.entries()) {
      const at = { linked, path: [part, name, position] };
      if (/^\$\.\.[A-Za-z_][\w-]*$/.test(path)) continue;
      const first = firstStep(path);
      if (first === undefined) {
        const message = `"${path.slice(0, 60)}" is not a path that can stand here`;
        reportTool(
          index,
          { ...at, code: "AW1201" },
          { message, hint: "write $.customer.name, $.items[*].email or $..email" },
        );
      } else if (
        part === "accepts" &&
        linked.input?.closed === true &&
        first !== "" &&
        !Object.hasOwn(linked.input.properties, first)
      ) {
        const message = `${path} begins with "${first}", which is not an argument of ${linked.tool.name}`;
        reportTool(
          index,
          { ...at, code: "AW1202" },
          { message, hint: suggestName(first, Object.keys(linked.input.properties)) },
        );
      }
    }
  }
}

/** Undefined when it is no path; empty when it does not begin with a name. */
function firstStep(path: string): string | undefined {
  try {
    const [first] = parsePath(path).steps;
    return first?.kind === "name" ? first.name : "";
  } catch {
    return undefined;
  }
}
