/** What is taken out of a folder tree, and what cannot be smuggled into it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  type PathLike,
  type Stats,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import type promises from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { loadDocument } from "../../packages/server/src/intake/documents/load-document.ts";
import { scanTree } from "../../packages/server/src/intake/documents/scan-tree.ts";
import { eventually } from "../support/desk.ts";
import { documentsConnectorOf } from "../support/document-sources.ts";

const disk = vi.hoisted(() => ({ broken: "" }));
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof promises>();
  const lstat = async (file: PathLike): Promise<Stats> => {
    if (path.basename(String(file)) === disk.broken) throw Object.assign(new Error("EIO"), { code: "EIO" });
    return real.lstat(file);
  };
  return { ...real, lstat };
});

let base: string;
let folder: string;

beforeEach(() => {
  base = mkdtempSync(path.join(tmpdir(), "airworthy-tree-"));
  folder = path.join(base, "documents");
  mkdirSync(path.join(folder, "a/b"), { recursive: true });
  mkdirSync(path.join(base, "outside"));
  writeFileSync(path.join(folder, "a/b/note.md"), "inside");
  writeFileSync(path.join(base, "outside/note.md"), "secret");
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const scan = (extra = {}) => scanTree(documentsConnectorOf("library", folder, extra), { folder, quiet: new Map() });

describe("a tree", () => {
  it("is its own files alone: no links, nothing that begins with a dot, no pipes, no other formats", async () => {
    symlinkSync(path.join(base, "outside"), path.join(folder, "linked"));
    symlinkSync(path.join(base, "outside/note.md"), path.join(folder, "a/link.md"));
    writeFileSync(path.join(folder, ".note.md"), "hidden");
    writeFileSync(path.join(folder, "a/picture.svg"), "<svg/>");
    await once(spawn("mkfifo", [path.join(folder, "pipe.md")]), "exit");
    const tree = await scan();
    expect(tree.documents.map(({ name }) => name)).toEqual(["a/b/note.md"]);
    expect(tree.folders.map((one) => path.relative(tree.root, one))).toEqual(["", "a", "a/b"]);
  });

  it("holds the formats that are asked for", async () => {
    writeFileSync(path.join(folder, "x.PDF"), "");
    expect((await scan({ formats: ["pdf"] })).documents.map(({ name }) => name)).toEqual(["x.PDF"]);
  });

  it("of which one file cannot be looked at says so, and does not call it gone", async () => {
    disk.broken = "note.md";
    await expect(scan()).rejects.toMatchObject({
      code: "unavailable",
      retryable: true,
      message: '"note.md" cannot be looked at (EIO).',
    });
    disk.broken = "";
    expect((await scan()).documents).toHaveLength(1);
  });

  it("takes no name that shows something else than it says; how letters are composed is no matter", async () => {
    for (const name of ["pay\u200Bment", "\u202Etxt", "tag\u{E0041}", "line\u2028end", "u\u0308ber"]) {
      writeFileSync(path.join(folder, `${name}.md`), "x");
    }
    mkdirSync(path.join(folder, "in\u2060visible"));
    const { documents, unnameable } = await scan();
    expect(documents.map(({ name }) => name).toSorted()).toEqual(["a/b/note.md", "u\u0308ber.md"]);
    expect(unnameable.map(({ shown }) => shown).toSorted()).toEqual([
      "in\uFFFDvisible",
      "line\uFFFDend.md",
      "pay\uFFFDment.md",
      "tag\uFFFD.md",
      "\uFFFDtxt.md",
    ]);
    expect(new Set(unnameable.map(({ reason }) => reason))).toEqual(
      new Set(["its name holds characters that nobody sees"]),
    );
  });

  it("that cannot be read says so, and is not taken for an empty one", async () => {
    rmSync(folder, { recursive: true });
    await expect(scan()).rejects.toMatchObject({ code: "unavailable", retryable: true });
  });
});

describe("a document", () => {
  const found = async () => {
    const tree = await scan();
    const [one] = tree.documents;
    if (one === undefined) throw new Error("nothing found");
    return { one, root: tree.root };
  };

  it("is its bytes, or a digest alone where there are too many", async () => {
    const { one, root } = await found();
    expect(await loadDocument(root, one, 100)).toMatchObject({ bytes: Buffer.from("inside") });
    const large = await loadDocument(root, one, 3);
    expect(large).toMatchObject({
      reason: "it is larger than maxBytes (3)",
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(large).not.toHaveProperty("bytes");
  });

  it("that became a link since it was found is not opened", async () => {
    const { one, root } = await found();
    rmSync(one.full);
    symlinkSync(path.join(base, "outside/note.md"), one.full);
    expect(await loadDocument(root, one, 100)).toBeUndefined();
  });

  it("in a folder that became a link since it was found is not opened", async () => {
    const { one, root } = await found();
    renameSync(path.join(folder, "a/b"), path.join(folder, "a/c"));
    symlinkSync(path.join(base, "outside"), path.join(folder, "a/b"));
    expect(readFileSync(one.full, "utf8")).toBe("secret");
    expect(await loadDocument(root, one, 100)).toBeUndefined();
  });

  it("that changed since it was found waits", async () => {
    const { one, root } = await found();
    writeFileSync(one.full, "insidE");
    expect(await loadDocument(root, one, 100)).toBeUndefined();
  });
});

// The state of a process is read in /proc.
it.skipIf(process.platform !== "linux")(
  "the process that reads ends when whoever started it was killed while it reads",
  async () => {
    const reader = path.join(import.meta.dirname, "../../packages/server/src/kernel/documents/start-reader.ts");
    const script = `
    import { startReader } from ${JSON.stringify(reader)};
    const child = startReader(512);
    const job = { format: "text", bytes: Buffer.from("a ".repeat(4_000_000)), name: "", encoding: "utf-8", passageLength: 1500 };
    child.once("message", () => child.send(Array(30).fill(job), () => process.stdout.write(String(child.pid))));`;
    const args = ["--conditions=airworthy-source", "--import", "tsx", "--input-type=module", "-e", script];
    const parent = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const [said] = (await once(parent.stdout, "data")) as [Buffer];
    const pid = Number(said.toString());
    expect(isAlive(pid)).toBe(true);
    parent.kill("SIGKILL");
    await once(parent, "exit");
    await eventually(() => !isAlive(pid));
  },
);

function isAlive(pid: number): boolean {
  try {
    // One that ended and that nobody has asked about is there still, as a zombie.
    return !/^\d+ \(.*\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
