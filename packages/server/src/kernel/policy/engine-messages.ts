/** What the engine and its thread say to each other. */
import type { CedarValueJson, Policy, SchemaJson } from "@cedar-policy/cedar-wasm/nodejs";

import type { Outcome } from "./counterfactual.ts";

/** One piece of a bundle, put under a slot's name in the thread. Names come from a fixed stock, so nothing leaks. */
export type PrepareStep =
  | {
      readonly kind: "tool";
      readonly slot: string;
      /** Which load this is of; a call judged against another edition would be judged by the wrong policies. */
      readonly edition: string;
      readonly schema: SchemaJson<string>;
      readonly tool: {
        readonly name: string;
        readonly system: string;
        readonly effect: string;
        readonly reversibility: string;
      };
    }
  | {
      readonly kind: "policies";
      readonly slot: string;
      readonly edition: string;
      readonly texts: Readonly<Record<string, Policy>>;
      readonly approvers: Readonly<Record<string, string>>;
    };

export type AgentEntity = {
  readonly id: string;
  readonly autonomy: number;
  readonly stage: string;
  readonly level: string;
  /** Empty for an agent of no fleet. */
  readonly fleet: string;
};

/** One question, already checked: nothing an agent sent reaches it but declared facets of declared types. */
export type JudgeCall = {
  readonly edition: string;
  readonly tool: string;
  readonly enforce: string;
  /** The sets of shadow policies: permits and forbids apart, none when there are none. */
  readonly shadow: readonly string[];
  readonly agent: AgentEntity;
  readonly context: {
    readonly input: Readonly<Record<string, CedarValueJson>>;
    /** Without the approvals, which each evaluation adds. */
    readonly env: Readonly<Record<string, CedarValueJson>>;
    readonly computed: Readonly<Record<string, CedarValueJson>>;
    readonly facts: Readonly<Record<string, CedarValueJson>>;
  };
  readonly granted: readonly string[];
};

export type ShadowSaying = { readonly policyId: string; readonly effect: "allow" | "deny" | "escalate" };
export type Verdict = { readonly outcome: Outcome; readonly shadow: readonly ShadowSaying[] };

export type HostMessage =
  | { readonly type: "prepare"; readonly job: number; readonly steps: readonly PrepareStep[] }
  | { readonly type: "judge"; readonly job: number; readonly calls: readonly JudgeCall[] };

/** `poisoned`: Cedar threw; the thread did no further work and must be replaced. */
export type ThreadMessage =
  | { readonly type: "prepared"; readonly job: number; readonly poisoned: boolean; readonly error?: string }
  | {
      readonly type: "judged";
      readonly job: number;
      readonly poisoned: boolean;
      readonly verdicts: readonly Verdict[];
    };
