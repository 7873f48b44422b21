/** A database of its own for one test file. */
import { randomBytes } from "node:crypto";

import pg from "pg";
import { inject } from "vitest";

export async function testDatabase(): Promise<{ connection: pg.PoolConfig; drop(): Promise<void> }> {
  const server = JSON.parse(inject("database")) as pg.PoolConfig;
  const name = `test_${randomBytes(6).toString("hex")}`;
  await administer(server, `create database ${name}`);
  return {
    connection: server.connectionString
      ? { connectionString: swapDatabase(server.connectionString, name) }
      : { ...server, database: name },
    drop: () => administer(server, `drop database if exists ${name} with (force)`),
  };
}

async function administer(server: pg.PoolConfig, statement: string): Promise<void> {
  const client = new pg.Client(server);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function swapDatabase(connectionString: string, name: string): string {
  const url = new URL(connectionString);
  url.pathname = `/${name}`;
  return url.toString();
}
