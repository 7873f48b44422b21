/** Tests reading a folder: what counts as configuration, order, links, limits. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { readFolder } from "./read-folder.ts";

describe("readFolder", () => {
  let base = "";
  let root = "";
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), "airworthy-folder-"));
    root = join(base, "config");
    await mkdir(join(root, "rules"), { recursive: true });
  });
  afterEach(() => rm(base, { recursive: true }));

  test("takes configuration at any depth, sorted, and nothing else", async () => {
    await mkdir(join(root, ".git"));
    await mkdir(join(root, "node_modules"));
    for (const name of [
      "b.yml",
      "a.yaml",
      "rules/x.cedar",
      "rules/x.test.yaml",
      "README.md",
      ".git/c.yaml",
      "node_modules/d.yaml",
    ]) {
      await writeFile(join(root, name), name);
    }
    expect(await readFolder(root)).toEqual(
      ["a.yaml", "b.yml", "rules/x.cedar", "rules/x.test.yaml"].map((path) => ({ path, text: path })),
    );
  });

  test("follows a link to a file inside and refuses one that leads out or nowhere", async () => {
    await writeFile(join(root, "rules", "data"), "inside");
    await symlink("rules/data", join(root, "linked.yaml"));
    expect(await readFolder(root)).toEqual([{ path: "linked.yaml", text: "inside" }]);
    await writeFile(join(base, "secret.yaml"), "outside");
    await symlink("../secret.yaml", join(root, "out.yaml"));
    await symlink("nowhere", join(root, "rules", "gone.cedar"));
    await expect(readFolder(root)).rejects.toMatchObject({
      code: "invalid_input",
      message: "out.yaml: leads out of the folder\nrules/gone.cedar: leads nowhere",
    });
  });

  test("does not follow links to folders", async () => {
    await symlink(root, join(root, "loop.yaml"));
    await symlink(base, join(root, "rules", "up"));
    await symlink("..", join(root, "rules", "again.yml"));
    expect(await readFolder(root)).toEqual([]);
  });

  test("refuses what is not UTF-8 and what is too large", async () => {
    await writeFile(join(root, "a.yaml"), Buffer.from([0x61, 0xff]));
    await expect(readFolder(root)).rejects.toMatchObject({ code: "invalid_input", message: "a.yaml: is not UTF-8" });
    await writeFile(join(root, "a.yaml"), "x".repeat(1_048_577));
    await expect(readFolder(root)).rejects.toMatchObject({ code: "too_large", place: "a.yaml" });
  });

  test("says so when there is no folder", async () => {
    await expect(readFolder(join(base, "missing"))).rejects.toMatchObject({ code: "not_found" });
    await writeFile(join(base, "file"), "");
    await expect(readFolder(join(base, "file"))).rejects.toMatchObject({ code: "invalid_input" });
  });
});
