/** Writes a made-up history through the store's own functions: opened, approved, redeemed and finished as any action. */
import type {
  AgentDocument,
  FactUsed,
  GovernedTool,
  Json,
  LineageEdge,
  Snapshot,
  ValueOrigin,
} from "@airworthy/contract";

import type {
  FinishedAction,
  JudgedAction,
  NewObservation,
  Outcome,
} from "../../packages/server/src/kernel/action-walk.ts";
import { sha256Hex } from "../../packages/server/src/kernel/canonical.ts";
import { newId } from "../../packages/server/src/kernel/ids.ts";
import { createActionStore } from "../../packages/server/src/store/actions.ts";
import { createApprovalStore } from "../../packages/server/src/store/approvals.ts";
import type { Database } from "../../packages/server/src/store/database.ts";
import { createObservations } from "../../packages/server/src/store/observations.ts";
import type { LedgerWriter } from "../../packages/server/src/store/ledger-writer.ts";
import { type HistoryAction, readTools, type Seen, writeTools } from "./history.ts";

const models = ["model-a-1", "model-b-1", "model-a-1"];
export const modelOf = (edition: number): string => `maker/${models[edition] ?? ""}`;
export const promptOf = (edition: number): string => sha256Hex(`prompt ${edition > 0}`);
export const policyDigestOf = (at: number): string => `digest-of-policy-${at}`;

const editions = new Map<string, AgentDocument>();
/** One object an edition, as in a snapshot. */
export function agentOf(name: string, edition: number): AgentDocument {
  const known = editions.get(`${name} ${edition}`) ?? {
    apiVersion: "airworthy/v1",
    kind: "Agent",
    name,
    purpose: `edition ${edition}`,
    owner: "maria",
    stage: "production",
    level: "senior",
    model: { provider: "maker", name: models[edition] ?? "" },
    prompt: { digest: promptOf(edition) },
    tools: [...readTools, ...writeTools],
  };
  editions.set(`${name} ${edition}`, known);
  return known;
}

export const toolOf = (name: string): GovernedTool => {
  const effect = readTools.some((tool) => tool === name) ? "read" : "write";
  const reversibility = effect === "read" ? "read_only" : name === "h.wipe" ? "irreversible" : "reversible";
  const definition = { name, effect, input: {}, request: { method: "POST" as const, path: "/" } } as const;
  return { name, connector: "h", effect, reversibility, timeoutMs: 1000, definition, digest: `digest of ${name}` };
};

export const snapshot: Snapshot = {
  tenant: "main",
  version: 1,
  digest: "d",
  agents: {},
  connectors: {},
  tools: Object.fromEntries([...readTools, ...writeTools].map((name) => [name, toolOf(name)])),
  people: {},
  teams: {},
  budgets: {},
  contracts: {},
  dataClasses: {},
  dataRules: {},
  agreements: {},
  issuers: {},
  policies: [],
};

type Deps = { readonly db: Database; readonly writer: LedgerWriter; readonly tenant: string };

export function createHistoryWriter({ db, writer, tenant }: Deps) {
  const read = createObservations(db);
  const digest = (value: Json): Promise<string> => read.digest(tenant, value);
  const actions = createActionStore(db, writer);
  const approvals = createApprovalStore(db, writer);

  async function judgedOf(action: HistoryAction, walk: number): Promise<JudgedAction> {
    const { id, agent, tool, run } = action;
    const cited = action.cites.filter(({ match }) => match === "fact").map(({ seen, from }) => ({ seen, from }));
    const rested = [
      ...cited.flatMap(({ seen, from }) => (seen ? [{ seen, readBy: from }] : [])),
      ...action.lookedUp.map((seen) => ({ seen, readBy: undefined })),
    ];
    const view = { snapshot, epoch: 1, stops: [], notReady: [], validUntilMonoMs: Number.MAX_SAFE_INTEGER };
    const args = { of: id };
    return {
      id,
      tenant,
      agent,
      tool,
      run,
      arguments: args,
      argumentsDigest: sha256Hex(id),
      callDigest: id,
      walk,
      view,
      onBehalfOf: undefined,
      idempotencyKey: undefined,
      confidence: undefined,
      rationale: undefined,
      protocol: undefined,
      proposedAt: Date.now(),
      context: {
        agent: agentOf(agent, action.edition),
        tool: toolOf(tool),
        entity: undefined,
        touches: [],
        entities: [],
        amount: undefined,
        input: {},
        factsFreshUntil: undefined,
        pushable: [],
        facts: rested.map(({ seen, readBy }) => factOf(seen, readBy)),
        cited: await Promise.all(rested.map(({ seen }) => digest([seen.fact, seen.key]))),
        factDigests: await Promise.all(rested.map(({ seen }) => digest(seen.value))),
        lineage: action.cites.flatMap((cite, at) =>
          cite.match === "exact" && cite.seen ? [edgeOf(cite.seen, cite.from, at)] : [],
        ),
        provenance: action.cites.flatMap((cite, at) => originOf(cite, at)),
        problems: [],
        computed: {},
        sent: {},
        data: [],
      },
      step: { repeats: 0, budgets: [] },
      decision: { effect: "allow", reasons: [], approvers: [], snapshot: { version: 1, digest: "d" } },
      judgement: {
        binding: `binding of ${id}`,
        determining: action.policies.map((at) => ({ id: `policy-${at}`, digest: policyDigestOf(at) })),
        obligations: {},
        premature: false,
        ttlMs: 60_000,
        shadow: [],
        request: undefined,
      },
    };
  }

  async function observationOf(seen: Seen, { id, agent, run }: HistoryAction): Promise<NewObservation> {
    const { reader: _, writer: __, version, asOf, ...rest } = seen;
    const [cited, valueDigest] = await Promise.all([digest([seen.fact, seen.key]), digest(seen.value)]);
    const sourceVersion = version === undefined ? {} : { sourceVersion: version };
    return { ...rest, ...sourceVersion, asOf, principal: agent, run, readBy: id, cited, valueDigest };
  }

  async function outcomeOf(action: HistoryAction): Promise<Outcome> {
    const { status, left } = action;
    const written = left && {
      fact: left.fact,
      key: left.key,
      cited: await digest([left.fact, left.key]),
      valueDigest: await digest(left.value),
      ...(left.version === undefined ? {} : { version: left.version }),
    };
    const writes = written ? { written: [written] } : {};
    switch (status) {
      case "refused":
        return { status };
      case "failed":
        return { status, code: "no", message: "no", retryable: false };
      case "unknown":
        return { status, message: "who knows", ...writes };
      case "done": {
        const observations = await Promise.all(action.saw.map((seen) => observationOf(seen, action)));
        return { status, result: null, observations, ...writes };
      }
    }
  }

  /** Asks, is told yes, and takes the action up again; what the approval's id is. */
  async function approve(action: HistoryAction, by: string): Promise<`apr_${string}`> {
    const approval = newId("apr");
    const outcome: Outcome = { status: "waiting", approval, ask: { expiresInMs: 600_000 } };
    const judged = await judgedOf(action, 1);
    await writer.finish({ ...judged, decision: { ...judged.decision, approvers: ["team"] }, outcome });
    await approvals.decide(tenant, { id: approval, by, teamsOf: () => ["team"], verdict: "approve", reason: "r" });
    await actions.claimWaiting(tenant, action.id);
    return approval;
  }

  async function write(action: HistoryAction): Promise<() => Promise<void>> {
    const args = { of: action.id };
    const call = { arguments: args, argumentsDigest: sha256Hex(action.id), callDigest: action.id, run: action.run };
    const claims = {
      onBehalfOf: undefined,
      idempotencyKey: undefined,
      confidence: undefined,
      rationale: undefined,
      protocol: undefined,
    };
    await actions.open({ id: action.id, tenant, agent: action.agent, tool: action.tool, ...call, ...claims });
    const approval = action.approver === undefined ? undefined : await approve(action, action.approver);
    const judged = await judgedOf(action, approval ? 2 : 1);
    const outcome = await outcomeOf(action);
    if (outcome.status === "refused") return () => writer.finish({ ...judged, outcome });
    const permit = { id: newId("prm"), binding: judged.judgement.binding, ...(approval ? { approval } : {}) };
    const redemption = await writer.redeem({ ...judged, permit });
    if (!redemption.redeemed) throw new Error(`not redeemed: ${redemption.conflict}`);
    const finished: FinishedAction = { ...judged, permit, outcome };
    return () => writer.finish(finished);
  }
  return {
    /** All of a step at once: begun all, then ended all. */
    writeStep: async (step: readonly HistoryAction[]): Promise<void> => {
      const ends = await Promise.all(step.map(write));
      await Promise.all(ends.map((end) => end()));
    },
  };
}

function factOf(seen: Seen, readBy: FactUsed["readBy"]): FactUsed {
  return {
    fact: seen.fact,
    key: seen.key,
    value: seen.value,
    observation: seen.id,
    source: seen.source,
    ...(seen.version === undefined ? {} : { sourceVersion: seen.version }),
    ...(seen.batch === undefined ? {} : { batch: seen.batch }),
    ...(seen.document === undefined ? {} : { document: seen.document }),
    asOf: new Date(seen.asOf ?? seen.fetchedAt).toISOString(),
    fetchedAt: new Date(seen.fetchedAt).toISOString(),
    ageMs: 0,
    maxAgeMs: 1000,
    how: readBy === undefined ? "lookup" : "agent",
    ...(readBy === undefined ? {} : { readBy }),
  };
}

function edgeOf(seen: Seen, readBy: NonNullable<LineageEdge["readBy"]>, at: number): LineageEdge {
  const { fact, key, id: observation, source, fetchedAt } = seen;
  return {
    argument: `$.a${at}`,
    fact,
    key,
    observation,
    source,
    asOf: new Date(fetchedAt).toISOString(),
    readBy,
    match: "exact",
  };
}

function originOf({ match, from, via, path }: HistoryAction["cites"][number], at: number): ValueOrigin[] {
  if (match === "fact" || match === "exact") return [];
  const observation = { id: via, tool: "h.list", readBy: from, path, at: new Date(0).toISOString() };
  return [{ argument: `$.a${at}`, from: "trusted_tool", match, trust: "trusted", observation }];
}
