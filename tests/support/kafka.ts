/** A real Apache Kafka broker (KRaft, one node) for one test file, that can be cut off and come back with what it has kept. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { answersOn } from "./answers-on.ts";
import { freePort, until } from "./faults-process.ts";
import { installed } from "./installed.ts";

export type TestKafka = {
  readonly port: number;
  readonly kill: () => Promise<void>;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

const jars = path.resolve(import.meta.dirname, "../../node_modules/.cache/kafka");

/** Java's path when broker and Java are there; else undefined, and a line says what is missing. */
export function findKafka(): string | undefined {
  const java = installed("java", "default-jre-headless");
  if (java === undefined || existsSync(jars)) return java;
  process.stdout.write("skipped: no Kafka (mvn -q -B -f tests/support/kafka/pom.xml dependency:copy-dependencies)\n");
  return undefined;
}

/** One more way in, for clients that reach it at `host`. */
export type FarListener = {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
};

/** `listener` is the protocol of its clients, `further` are lines of its configuration. */
export async function startKafka(
  java: string,
  listener: "PLAINTEXT" | "SSL" = "PLAINTEXT",
  further = "",
  far: readonly FarListener[] = [],
): Promise<TestKafka> {
  const folder = mkdtempSync(path.join(tmpdir(), "airworthy-kafka-"));
  const [port, controller] = [await freePort(), await freePort()];
  const file = path.join(folder, "server.properties");
  const listeners = far.map(({ name, port: at }) => `,${name}://127.0.0.1:${at}`).join("");
  const advertised = far.map(({ name, host, port: at }) => `,${name}://${host}:${at}`).join("");
  const protocols = far.map(({ name, secure }) => `,${name}:${secure ? "SSL" : "PLAINTEXT"}`).join("");
  writeFileSync(
    file,
    `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controller}
listeners=${listener}://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}${listeners}
advertised.listeners=${listener}://127.0.0.1:${port}${advertised}
controller.listener.names=CONTROLLER
inter.broker.listener.name=${listener}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,${listener}:${listener}${protocols}
log.dirs=${folder}/data
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
num.partitions=2
log.retention.check.interval.ms=500
${further}
`,
  );
  const run = (memory: string, ...words: string[]): string[] => [`-Xmx${memory}`, "-cp", `${jars}/*`, ...words];
  execFileSync(java, run("256m", "kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qk", "-c", file), {
    stdio: "pipe",
  });
  let server: ChildProcess | undefined;
  const kafka: TestKafka = {
    port,
    kill: async () => {
      if (!server) return;
      const gone = once(server, "exit");
      server.kill("SIGKILL");
      await gone;
      server = undefined;
    },
    start: async () => {
      server = spawn(java, run("384m", "kafka.Kafka", file), { stdio: "ignore" });
      if (!(await until(120_000, () => answersOn(port, "accepts")))) throw new Error("Kafka did not start");
    },
    stop: async () => {
      await kafka.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await kafka.start();
  return kafka;
}
