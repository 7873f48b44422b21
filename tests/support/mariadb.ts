/** A real MariaDB server of its own for one test file, on a free port of the loopback and on a socket. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import mysql from "mysql2/promise";

import { installed } from "./installed.ts";
import { deadPort } from "./sql-calls.ts";

export type TestMariadb = {
  readonly port: number;
  /** Of a user who may do anything with the database `erp`, with TCP on the port given. */
  readonly urlAt: (port: number) => string;
  /** Connected as the administrator. */
  readonly admin: mysql.Connection;
  readonly stop: () => Promise<void>;
};

const password = "hunter2-hunter2";

/** `options` are further ones of the server, such as `--ssl-ca=…`. */
export async function startMariadb(program: string, options: readonly string[] = []): Promise<TestMariadb> {
  const folder = mkdtempSync(path.join(tmpdir(), "airworthy-mariadb-"));
  const asRoot = process.getuid?.() === 0;
  const user = asRoot ? ["--user=mysql"] : [];
  if (asRoot) chmodSync(folder, 0o755);
  const data = path.join(folder, "data");
  const run = spawnSync(installed("mariadb-install-db", "mariadb-server") ?? "", [
    "--no-defaults",
    ...user,
    `--datadir=${data}`,
    "--auth-root-authentication-method=normal",
    "--skip-test-db",
  ]);
  if (run.status !== 0) throw new Error(`mariadb-install-db: ${run.stderr.toString()}`);
  const port = await deadPort();
  const socket = path.join(data, "server.sock");
  const server = spawn(program, [
    "--no-defaults",
    ...user,
    `--datadir=${data}`,
    `--socket=${socket}`,
    `--port=${port}`,
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--innodb-flush-log-at-trx-commit=0",
    ...options,
  ]);
  await ready(server);
  const admin = await mysql.createConnection({ socketPath: socket, user: "root", multipleStatements: true });
  await admin.query(`create database erp character set utf8mb4; create user agent@'127.0.0.1' identified by '${password}';
    grant all on erp.* to agent@'127.0.0.1'; use erp`);
  return {
    port,
    urlAt: (at) => `mysql://agent:${password}@127.0.0.1:${at}/erp`,
    admin,
    async stop() {
      admin.destroy();
      const gone = once(server, "exit");
      server.kill("SIGKILL");
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function ready(server: ChildProcess): Promise<void> {
  const said: string[] = [];
  await new Promise<void>((resolve, reject) => {
    server.once("exit", () => reject(new Error(`mariadbd ended: ${said.join("")}`)));
    server.stderr?.on("data", (chunk: Buffer) => {
      said.push(chunk.toString());
      if (chunk.includes("ready for connections")) resolve();
    });
  });
}
