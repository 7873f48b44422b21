/** The house rules that a type checker cannot see: who imports whom, no circles, no dead files, every file says what it is. */
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";

import { parseSync } from "oxc-parser";
import { describe, expect, it } from "vitest";

import { areas } from "./rooms.ts";

type Source = {
  readonly file: string;
  readonly area: string;
  readonly text: string;
  readonly imports: readonly string[];
};

const packages = path.resolve(import.meta.dirname, "../packages");
const entries: Readonly<Record<string, string>> = {
  "@airworthy/contract": "contract/src/index.ts",
  "@airworthy/server": "server/src/index.ts",
  "@airworthy/sdk": "sdk/src/index.ts",
};
/** Started by name and not imported: the command line, the threads of the policy engine, the readers of documents and mails. */
const started = [
  "cli/src/main.ts",
  "server/src/kernel/policy/engine-worker.ts",
  "server/src/kernel/policy/validate-worker.ts",
  "server/src/intake/mailbox/read-mail-worker.ts",
  "server/src/kernel/documents/reader-process.ts",
];
const linesMax = 400;

const sources = walk(packages)
  .filter((file) => file.includes("/src/") && !/\.(test|fixture)\.ts$|-fixtures\.ts$/.test(file))
  .map(read);
const byFile = new Map(sources.map((source) => [source.file, source]));

function walk(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === "node_modules" || entry.name === "dist") return [];
    const full = path.join(dir, entry.name);
    if (entry.isDirectory()) return walk(full);
    return entry.name.endsWith(".ts") ? [full] : [];
  });
}

function read(absolute: string): Source {
  const file = path.relative(packages, absolute);
  const text = readFileSync(absolute, "utf8");
  const { module } = parseSync(absolute, text);
  const dynamic = module.dynamicImports.map((one) =>
    text.slice(one.moduleRequest.start + 1, one.moduleRequest.end - 1),
  );
  const specifiers = [
    ...module.staticImports.map((one) => one.moduleRequest.value),
    ...module.staticExports.flatMap((one) => one.entries.flatMap((entry) => entry.moduleRequest?.value ?? [])),
    ...dynamic,
  ];
  const imports = specifiers.flatMap((specifier) => {
    if (specifier.startsWith(".")) return [path.join(path.dirname(file), specifier)];
    const entry = entries[specifier];
    return entry === undefined ? [] : [entry];
  });
  return { file, area: areaOf(file), text, imports: [...new Set(imports)] };
}

function areaOf(file: string): string {
  const place = file.replace("/src/", "/");
  const fitting = Object.keys(areas).filter((area) => place.startsWith(`${area}/`));
  return fitting.toSorted((a, b) => b.length - a.length)[0] ?? "nowhere";
}

describe("tidy", () => {
  it("reads a real tree", () => {
    expect(sources.length).toBeGreaterThan(100);
    expect(sources.filter((source) => source.area === "nowhere").map((source) => source.file)).toEqual([]);
  });

  it("lets each area import only what its row in rooms.ts names", () => {
    const trespasses = sources.flatMap(({ file, area, imports }) =>
      imports
        .map((to) => [area, areaOf(to), file, to] as const)
        .filter(([from, to]) => from !== to && !areas[from]?.includes(to))
        .map(([, , from, to]) => `${from} -> ${to}`),
    );
    expect(trespasses).toEqual([]);
  });

  it("has no circle, types included", () => {
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (file: string, trail: readonly string[]): void => {
      if (trail.includes(file)) {
        circles.push([...trail.slice(trail.indexOf(file)), file].join(" -> "));
        return;
      }
      if (done.has(file)) return;
      for (const next of byFile.get(file)?.imports ?? []) visit(next, [...trail, file]);
      done.add(file);
    };
    for (const { file } of sources) visit(file, []);
    expect(circles).toEqual([]);
  });

  it("has no file that nothing imports", () => {
    const used = new Set([...Object.values(entries), ...started, ...sources.flatMap((source) => source.imports)]);
    expect(sources.map((source) => source.file).filter((file) => !used.has(file))).toEqual([]);
  });

  it("opens every file with a sentence that says what it is for", () => {
    expect(sources.filter((source) => !source.text.startsWith("/**")).map((source) => source.file)).toEqual([]);
  });

  it(`keeps every file within ${linesMax} lines`, () => {
    const long = sources.filter((source) => source.text.split("\n").length > linesMax + 1);
    expect(long.map((source) => source.file)).toEqual([]);
  });

  it("reads the environment in one place", () => {
    const readers = sources.filter(({ area, text }) => area.startsWith("server") && text.includes("process.env"));
    expect(readers.map((source) => source.file)).toEqual(["server/src/kernel/config.ts"]);
  });

  it("hands the permit to two rooms only", () => {
    const holders = (word: string): string[] =>
      sources.filter(({ area, text }) => area.includes("/dataplane/") && text.includes(word)).map(({ area }) => area);
    expect([...new Set(holders("issuePermit"))]).toEqual(["server/dataplane/4-oversight"]);
    expect([...new Set(holders("redeemPermit"))]).toEqual(["server/dataplane/5-execution"]);
  });
});
