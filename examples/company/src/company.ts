/** Starts the whole company: systems of record, Airworthy in front of them, agents behind it, and people living their day. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";

import { createClient } from "@airworthy/sdk";
import { launchDatabase, startServer } from "@airworthy/server";
import pg from "pg";

import { agentEvent, type Narrator } from "./narrator.ts";
import { openBilling } from "./systems/billing.ts";
import { startCarriers } from "./systems/carriers.ts";
import { startCrm } from "./systems/crm.ts";
import { startPayables } from "./systems/payables.ts";
import { startPayments } from "./systems/payments.ts";
import { createWorld, runWorld } from "./world.ts";

export type CompanyOptions = {
  readonly dataDir: string;
  readonly port: number;
  readonly seed: number;
  readonly rate: number;
  readonly freshness: boolean;
  readonly narrator: Narrator;
  /** How long an agent's call is held for a person, in milliseconds. */
  readonly holdMs?: number;
};
export type Company = { readonly url: string; readonly close: () => Promise<void> };

const here = import.meta.dirname;
/** Programs, and the agents that each of them is. */
const programs: readonly { readonly program: string; readonly agents: readonly string[] }[] = [
  { program: "billing-corrections", agents: ["billing-corrections"] },
  { program: "carrier-routing", agents: ["carrier-routing"] },
  { program: "payables-office", agents: ["invoice-review", "cash-flow", "vendor-relations"] },
];

export async function startCompany(options: CompanyOptions): Promise<Company> {
  const started = performance.now();
  const { narrator, seed } = options;
  const dataDir = path.resolve(options.dataDir);
  const systems = await startSystems(dataDir, seed);
  const server = await startServer({
    dataDir,
    configDir: path.join(here, "..", "airworthy"),
    port: options.port,
    freshness: options.freshness,
    holdMs: options.holdMs ?? 1500,
    env: { ...process.env, ...systems.env },
    onProgress: narrator.say,
  });
  const processes = await startAgents({ ...options, dataDir, url: server.url });
  const world = await runWorld({
    ...systems,
    onEvent: (event) => narrator.world(event),
  });
  introduce(options, { url: server.url, startedMs: performance.now() - started });
  return {
    url: server.url,
    close: async () => {
      await world.stop();
      await Promise.all(processes.map(endProcess));
      await systems.close();
      await server.close();
    },
  };
}

/** The company begins its first day at every start; what Airworthy has recorded stays. */
async function startSystems(dataDir: string, seed: number) {
  const folder = path.join(dataDir, "company");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const world = createWorld(seed, Date.now());
  const [token, staffToken, apiKey, freightToken, payablesKey] = [secret(), secret(), secret(), secret(), secret()];
  const billingUrl = await prepareBilling(dataDir);
  const pool = new pg.Pool({ connectionString: billingUrl });
  pool.on("error", () => undefined);
  const crm = await startCrm({ accounts: world.accounts, token, staffToken });
  const payments = await startPayments({ apiKey, journalPath: path.join(folder, "refunds.jsonl") });
  const payables = await startPayables({ apiKey: payablesKey });
  const carriers = await startCarriers({
    ...world,
    journalPath: path.join(folder, "freight.jsonl"),
    token: freightToken,
  });
  const billing = await openBilling(pool, world);
  return {
    world,
    crm,
    billing,
    carriers,
    payables,
    env: {
      CRM_URL: crm.url,
      CRM_TOKEN: token,
      PAYMENTS_URL: payments.url,
      PAYMENTS_KEY: apiKey,
      PAYABLES_URL: payables.url,
      PAYABLES_KEY: payablesKey,
      SHIPMENTS_URL: carriers.url,
      SHIPMENTS_TOKEN: freightToken,
      BILLING_DATABASE_URL: billingUrl,
    },
    close: async () => {
      await Promise.all([crm.close(), payments.close(), payables.close(), carriers.close(), pool.end()]);
    },
  };
}

/** The ledger's own database: beside Airworthy's in the embedded server, or a schema in the one of DATABASE_URL. */
async function prepareBilling(dataDir: string): Promise<string> {
  const given = process.env["DATABASE_URL"];
  if (given !== undefined) {
    await runSql({ connectionString: given }, ["drop schema if exists billing cascade"]);
    return given;
  }
  const { connection } = await launchDatabase({ folder: dataDir });
  await runSql({ ...connection, ssl: false }, [
    "drop database if exists company with (force)",
    "create database company",
  ]);
  return `postgres://${connection.user}@/company?host=${encodeURIComponent(connection.host)}&port=${connection.port}`;
}

async function runSql(config: pg.ClientConfig, statements: readonly string[]): Promise<void> {
  const client = new pg.Client(config);
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

type AgentStart = CompanyOptions & { readonly url: string };

async function startAgents({ dataDir, url, rate, seed, narrator }: AgentStart): Promise<ChildProcess[]> {
  const admin = createClient({ baseUrl: url, key: readFileSync(path.join(dataDir, "admin.key"), "utf8").trim() });
  return Promise.all(
    programs.map(async ({ program, agents }) => {
      const keys = await Promise.all(
        agents.map(async (name) => {
          const { key } = await admin.createKey({ for: { kind: "agent", name }, expiresInDays: 1 });
          return [name, key] as const;
        }),
      );
      const keyFile = path.join(dataDir, "company", `${program}.key`);
      const [only] = keys;
      // One agent has its key alone in the file; several have theirs by name.
      const text = keys.length === 1 && only ? only[1] : JSON.stringify(Object.fromEntries(keys));
      writeFileSync(keyFile, text, { mode: 0o600 });
      return startAgent(program, { url, keyFile, rate, seed, narrator });
    }),
  );
}

type AgentProcess = Pick<CompanyOptions, "rate" | "seed" | "narrator"> & {
  readonly url: string;
  readonly keyFile: string;
};

/** Its own process, with nothing but a URL and a key. */
function startAgent(name: string, { url, keyFile, rate, seed, narrator }: AgentProcess): ChildProcess {
  const file = path.join(here, "agents", `${name}.ts`);
  const flags = ["--mcp", `${url}/mcp`, "--key-file", keyFile, "--rate", String(rate), "--seed", String(seed)];
  const child = spawn(process.execPath, ["--import", "tsx", file, ...flags], { stdio: ["ignore", "pipe", "inherit"] });
  child.once("exit", (code) => {
    if (code !== 0 && code !== null) narrator.say(`agent ${name} ended with code ${code}`);
  });
  createInterface({ input: child.stdout }).on("line", (line) => narrator.agent(agentEvent.parse(JSON.parse(line))));
  return child;
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  await ended;
}

function introduce({ narrator, freshness }: CompanyOptions, at: { url: string; startedMs: number }): void {
  narrator.say(`
ready in ${(at.startedMs / 1000).toFixed(1)} s   ${at.url}   (MCP: ${at.url}/mcp, API: ${at.url}/v1/openapi.json)

Five agents work for a small company, through Airworthy; they know only a URL and a key. In the first minute look for
  CHANGED   a refund that was right a moment ago: the account has become disputed since the agent read the list
  WAITING   a refund above 500.00, held for finance-ops
  REFUSED   a cheaper carrier for a shipment on safety hold
  WAITING   a vendor's credit, right alone, on an invoice that two other agents have flagged and delayed
In another terminal:
  npx airworthy actions list --status refused
  npx airworthy explain act_...
  npx airworthy approvals list
  npx airworthy entity show invoice:vin-7001
  npx airworthy stop --agent billing-corrections --reason "looking into it"
${freshness ? "" : "\nFreshness rules are OFF, for comparison: watch the refund to a disputed account go through.\n"}`);
}

const secret = (): string => randomBytes(24).toString("base64url");
