/** A real NATS server with JetStream for one test file, that can be cut off and come back with what it has kept. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { answersOn } from "./answers-on.ts";
import { freePort, until } from "./faults-process.ts";

export type TestNats = {
  readonly port: number;
  /** Ends it at once, as a crash would. */
  readonly kill: () => Promise<void>;
  /** On the same port, with the same streams. */
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** `further` are lines of its configuration, such as a `tls` block. */
export async function startNats(program: string, further = ""): Promise<TestNats> {
  const folder = mkdtempSync(path.join(tmpdir(), "airworthy-nats-"));
  const port = await freePort();
  const file = path.join(folder, "nats.conf");
  writeFileSync(file, `listen: 127.0.0.1:${port}\njetstream { store_dir: "${folder}/js" }\n${further}\n`);
  let server: ChildProcess | undefined;
  const nats: TestNats = {
    port,
    kill: async () => {
      if (!server) return;
      const gone = once(server, "exit");
      server.kill("SIGKILL");
      await gone;
      server = undefined;
    },
    start: async () => {
      server = spawn(program, ["-c", file], { stdio: "ignore" });
      if (!(await until(30_000, () => answersOn(port, "greets")))) throw new Error("nats-server did not start");
    },
    stop: async () => {
      await nats.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await nats.start();
  return nats;
}
