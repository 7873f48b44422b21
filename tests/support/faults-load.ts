/** Agents that propose without pause, repeat what was not answered, and write down every answer they were given. */
import { setTimeout as sleep } from "node:timers/promises";

import { type ActionAnswer, type ActionId, AirworthyError, type Proposal } from "@airworthy/contract";
import type { Client } from "@airworthy/sdk";

import type { Random } from "../../examples/company/src/world/random.ts";
import { approvalAboveMinor } from "./faults-config.ts";

/** One thing that an agent wants done once, however often it has to ask. */
export type Intent = {
  readonly ref: string;
  readonly agent: string;
  readonly proposal: Proposal;
  /** How it ended for the agent; undefined while it goes on. */
  end?: string;
};
/** An answer that arrived: from here on the server is bound to it. */
export type Ack = { readonly id: ActionId; readonly status: ActionAnswer["status"]; readonly ref: string };
export type Load = {
  readonly intents: Intent[];
  readonly acks: Ack[];
  readonly verdicts: { readonly action: ActionId; readonly verdict: "approve" | "reject" }[];
  /** Requests that were sent again because no answer came. */
  readonly repeats: () => number;
  /** Answers that no contract allows. */
  readonly surprises: string[];
  /** No new intents from here on; resolves when all are settled or the time is up. */
  readonly drain: (ms: number) => Promise<void>;
};
export type LoadOptions = {
  readonly agents: readonly { readonly name: string; readonly client: Client }[];
  readonly approver: Client;
  readonly random: Random;
  readonly workers: number;
};

/** A failure that calls itself retryable is asked for again this often. */
const retriesMax = 3;

export function startLoad(options: LoadOptions): Load {
  const { random, agents, approver } = options;
  const intents: Intent[] = [];
  const acks: Ack[] = [];
  const verdicts: Load["verdicts"] = [];
  const surprises: string[] = [];
  const state = { repeats: 0, draining: false, over: false };

  async function work(worker: number): Promise<void> {
    for (let number = 1; !state.draining; number++) {
      const { name, client } = random.pick(agents);
      const ref = `r${worker}-${number}`;
      const intent: Intent = { ref, agent: name, proposal: draw(ref, random) };
      intents.push(intent);
      await carry(intent, client);
      await sleep(random.int(10, 120));
    }
  }

  async function carry(intent: Intent, client: Client): Promise<void> {
    let { proposal } = intent;
    let failures = 0;
    while (!state.over) {
      const answer = await ask(intent, proposal, client);
      if (answer === undefined) {
        state.repeats += 1;
        await sleep(random.int(200, 800));
        continue;
      }
      if (answer.status === "waiting" || answer.status === "running") {
        proposal = patient(proposal);
        continue;
      }
      if (answer.status === "done" && (answer.result as { ref?: string } | null)?.ref !== intent.ref) {
        surprises.push(`${intent.ref}: ${answer.id} is done with the result of another call`);
      }
      const again = answer.status === "failed" && answer.error?.retryable === true && ++failures <= retriesMax;
      if (!again) {
        intent.end = answer.status;
        return;
      }
      // A key names one action for ever; what failed is proposed anew under another.
      proposal = anew(intent.proposal, failures);
    }
  }

  /** Undefined when no answer came, or one that says "try again". */
  async function ask(intent: Intent, proposal: Proposal, client: Client): Promise<ActionAnswer | undefined> {
    try {
      const answer = await client.proposeAction(proposal);
      acks.push({ id: answer.id, status: answer.status, ref: intent.ref });
      return answer;
    } catch (error) {
      if (error instanceof AirworthyError && error.retryable) return undefined;
      const text = error instanceof AirworthyError ? `${error.code}: ${error.message}` : String(error);
      surprises.push(`${intent.ref} ${intent.proposal.tool}: ${text}`);
      return undefined;
    }
  }

  async function approve(): Promise<void> {
    while (!state.over) {
      try {
        const { approvals } = await approver.listApprovals({ status: "pending", limit: 20 });
        for (const { id, action } of approvals) {
          if (!isActionId(action)) continue;
          const verdict = random.chance(0.1) ? ("reject" as const) : ("approve" as const);
          await approver.decideApproval({ id, verdict, reason: "looked at it" });
          verdicts.push({ action, verdict });
        }
      } catch {
        // Down, or somebody was faster; the next look tells.
      }
      await sleep(random.int(50, 300));
    }
  }

  const working = Array.from({ length: options.workers }, (_, index) => work(index));
  const approving = approve();
  return {
    intents,
    acks,
    verdicts,
    surprises,
    repeats: () => state.repeats,
    drain: async (ms) => {
      state.draining = true;
      const timer = setTimeout(() => {
        state.over = true;
      }, ms);
      await Promise.all(working);
      clearTimeout(timer);
      state.over = true;
      await approving;
    },
  };
}

const isActionId = (id: string): id is ActionId => id.startsWith("act_");

const patient = (proposal: Proposal): Proposal => ({ ...proposal, waitMs: 2000 });

function anew(proposal: Proposal, failures: number): Proposal {
  const { idempotencyKey } = proposal;
  return idempotencyKey === undefined ? proposal : { ...proposal, idempotencyKey: `${idempotencyKey}/${failures}` };
}

function draw(ref: string, random: Random): Proposal {
  const roll = random.next();
  const key = random.chance(0.5) ? { idempotencyKey: `key-${ref}` } : {};
  if (roll < 0.45) {
    return { tool: "desk.pay", arguments: { ref, amountMinor: random.int(1, approvalAboveMinor) }, ...key };
  }
  if (roll < 0.6) {
    return { tool: "desk.pay", arguments: { ref, amountMinor: approvalAboveMinor + random.int(1, 1000) }, ...key };
  }
  if (roll < 0.75) return { tool: "desk.post", arguments: { ref }, ...key };
  if (roll < 0.9) return { tool: "desk.send", arguments: { ref }, ...key };
  return { tool: "desk.checked", arguments: { ref, account: "acme" }, ...key };
}
