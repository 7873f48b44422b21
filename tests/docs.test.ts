/** The documents are held to the code: links lead somewhere, commands parse, examples of configuration are valid. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { describe, expect, it } from "vitest";

import { buildProgram } from "../packages/cli/src/program.ts";
import { createShell } from "../packages/cli/src/shell.ts";
import { loadDocuments } from "../packages/server/src/controlplane/registry/load-documents.ts";

type Block = { readonly language: string; readonly text: string };
type Page = { readonly file: string; readonly prose: string; readonly blocks: readonly Block[] };

const root = path.resolve(import.meta.dirname, "..");
const pages = findPages(root).map(readPage);

function findPages(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith(".") || ["node_modules", "dist", "out", "fixtures"].includes(entry.name)) return [];
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) return findPages(full);
    return entry.name.endsWith(".md") ? [path.relative(root, full)] : [];
  });
}

/** Splits a page into its fenced blocks, taken out of the indentation they stand in, and all the rest. */
function readPage(file: string): Page {
  const blocks: Block[] = [];
  const prose = readFileSync(path.join(root, file), "utf8").replaceAll(
    /^([ \t]*)```(\w*)[^\n]*\n([\s\S]*?)^[ \t]*```[ \t]*$/gm,
    (_, indent: string, language: string, text: string) => {
      blocks.push({ language, text: text.replaceAll(new RegExp(`^${indent}`, "gm"), "") });
      return "";
    },
  );
  return { file, prose, blocks };
}

const blocksOf = (page: Page, language: string): string[] =>
  page.blocks.filter((block) => block.language === language).map((block) => block.text);

function linksOf({ prose }: Page): string[] {
  const withoutCode = prose.replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]()]/g, " "));
  const targets = [...withoutCode.matchAll(/\]\(([^()\s]+)\)/g)].map((match) => match[1] ?? "");
  return targets.filter((target) => !/^[a-z]+:|^#/.test(target));
}

/** Lines of a shell block, with continued ones joined and comments left out. */
function linesOf(text: string): string[] {
  return text
    .replaceAll(/\\\n\s*/g, " ")
    .split("\n")
    .map((line) => line.replace(/(^|\s)#.*$/, "").trim())
    .filter((line) => line !== "");
}

/** The words after `airworthy`, up to a redirection or a pipe; undefined for other programs. */
function wordsOf(line: string): string[] | undefined {
  const call = /^(?:npx |npm run )?airworthy(?: -- | |$)(.*)$/.exec(line)?.[1];
  const words = call?.match(/"[^"]*"|'[^']*'|[^\s"']+/g) ?? [];
  const end = words.findIndex((word) => /^(?:\d?>|\||<|&&|;)/.test(word));
  const own = end === -1 ? words : words.slice(0, end);
  return call === undefined ? undefined : own.map((word) => word.replaceAll(/^["']|["']$/g, ""));
}

type Command = ReturnType<typeof buildProgram>["commands"][number];

const leaves = (command: Command): Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);

/** What the command line says to these words, nothing being run; undefined when it takes them. */
async function complaintOf(words: readonly string[]): Promise<string | undefined> {
  const written: string[] = [];
  const shell = { ...createShell(() => Promise.reject(new Error("nothing runs here"))), err: note, out: note };
  function note(text: string): void {
    written.push(text);
  }
  const program = buildProgram({ shell, finish: () => undefined });
  for (const leaf of leaves(program)) leaf.action(() => undefined);
  try {
    await program.parseAsync(words, { from: "user" });
    return undefined;
  } catch {
    return written.join("").trim();
  }
}

const shellLines = pages.flatMap((page) =>
  blocksOf(page, "sh").flatMap((text) => linesOf(text).map((line) => ({ file: page.file, line }))),
);

describe("the documents", () => {
  it("are found", () => {
    expect(pages.map((page) => page.file)).toEqual(
      expect.arrayContaining(["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "docs/README.md"]),
    );
  });

  it("have no relative link that leads nowhere", () => {
    const links = pages.flatMap((page) => linksOf(page).map((target) => ({ file: page.file, target })));
    const broken = links.filter(
      ({ file, target }) => !existsSync(path.join(root, path.dirname(file), target.split("#", 1)[0] ?? "")),
    );
    expect(links.length).toBeGreaterThan(50);
    expect(broken).toEqual([]);
  });

  it("are all reached from the index or by a README that stands beside what it describes", () => {
    const linked = new Set(
      pages.flatMap((page) => linksOf(page).map((target) => path.join(path.dirname(page.file), target))),
    );
    const lost = pages.map((page) => page.file).filter((file) => file.startsWith("docs/") && !linked.has(file));
    expect(lost).toEqual([]);
  });

  it("name commands that the command line takes", async () => {
    const commands = shellLines.flatMap(({ file, line }) => {
      const words = wordsOf(line);
      return words === undefined ? [] : [{ file, line, words }];
    });
    const complaints = await Promise.all(
      commands.map(async ({ file, line, words }) => ({ file, line, says: await complaintOf(words) })),
    );
    expect(commands.length).toBeGreaterThan(20);
    expect(complaints.filter(({ says }) => says !== undefined)).toEqual([]);
  });

  it("are checked by a parser that refuses what is not there", async () => {
    expect(await complaintOf(["explain"])).toMatch(/missing required argument/);
    expect(await complaintOf(["stop", "--everything", "--reason", "r"])).toMatch(/unknown option/);
  });

  it("name npm scripts that exist", () => {
    const { scripts } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { scripts: object };
    const named = shellLines.flatMap(({ file, line }) =>
      [...line.matchAll(/\bnpm (?:run ([\w:-]+)|(test|start))/g)].map((match) => ({
        file,
        name: match[1] ?? match[2],
      })),
    );
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter(({ name }) => name === undefined || !(name in scripts))).toEqual([]);
  });

  it("show configuration that the loader takes", () => {
    const examples = pages.flatMap((page) =>
      blocksOf(page, "yaml")
        .filter((text) => text.includes("apiVersion: airworthy/v1"))
        .map((text, index) => ({ path: `${page.file}.${index}.yaml`, text })),
    );
    const findings = examples.flatMap((file) => loadDocuments([file]).findings);
    expect(examples.length).toBeGreaterThan(4);
    expect(findings.filter((finding) => finding.severity === "error")).toEqual([]);
  });

  it("keep the README of each room short", () => {
    const rooms = pages.filter((page) => /dataplane\/\d-\w+\/README\.md$/.test(page.file));
    const long = rooms.filter(({ file }) => readFileSync(path.join(root, file), "utf8").split("\n").length - 1 > 40);
    expect(rooms.length).toBe(6);
    expect(long).toEqual([]);
  });
});
