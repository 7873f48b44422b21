/** After a kill the ids in PostgreSQL's lock files may belong to others, or to a zombie that nobody reaped. */
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { expect, it } from "vitest";

import { launchDatabase } from "../../packages/server/src/store/launcher.ts";
import { databaseOf, until } from "../support/faults-process.ts";

it("starts although the lock files of the killed server name a living process", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "airworthy-locks-"));
  chmodSync(folder, 0o711);
  const data = path.join(folder, "data");
  const database = databaseOf(data);
  try {
    const first = await launchDatabase({ folder: data });
    database.signal("SIGKILL");
    await until(10_000, async () => database.pids().length === 0);
    const locks = [
      path.join(first.dataDir, "postmaster.pid"),
      path.join(first.connection.host, `.s.PGSQL.${first.connection.port}.lock`),
    ];
    // PostgreSQL fears only processes of its own user.
    const { uid, gid } = statSync(first.dataDir);
    const stranger = spawn("sleep", ["60"], process.getuid?.() === 0 ? { uid, gid } : {});
    for (const file of locks) {
      writeFileSync(file, readFileSync(file, "utf8").replace(/^\d+/, String(stranger.pid)));
    }
    const second = await launchDatabase({ folder: data });
    stranger.kill();
    expect(second.adopted).toBe(false);
    expect(await database.query("select 1 as one")).toEqual([{ one: 1 }]);
  } finally {
    await database.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
