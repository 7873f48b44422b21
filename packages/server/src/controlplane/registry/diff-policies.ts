/** Compares policies by their @id; layout and comments are no change. */
import type { PolicyFile } from "@airworthy/contract";

import { parsePolicies } from "../../kernel/policy/policy-source.ts";
import type { PolicySource } from "../../kernel/policy/policy-source.ts";
import type { Consequence } from "./diff-entries.ts";

export function diffPolicies(from: readonly PolicyFile[], to: readonly PolicyFile[]): Consequence[] {
  const [before, after] = [readPolicies(from), readPolicies(to)];
  const ids = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  return ids.flatMap((id) => {
    const found = comparePolicy(before.get(id), after.get(id));
    if (found === undefined) return [];
    const kind = before.has(id) ? (after.has(id) ? "changed" : "removed") : "added";
    return [
      { control: found.control, change: { group: "policies", kind, name: id, detail: `policy ${id} ${found.detail}` } },
    ];
  });
}

function readPolicies(files: readonly PolicyFile[]): ReadonlyMap<string, PolicySource> {
  return new Map(parsePolicies(files).policies.map((policy) => [policy.id, policy]));
}

type Difference = { readonly control: Consequence["control"]; readonly detail: string };

function comparePolicy(was: PolicySource | undefined, is: PolicySource | undefined): Difference | undefined {
  if (is === undefined)
    return was && { control: loosens(was) ? "more" : "less", detail: `is removed (${showPlace(was)})` };
  if (was === undefined) {
    const detail = `is new (${showPlace(is)})${is.mode === "shadow" ? ", logged only" : ""}`;
    return { control: loosens(is) ? "less" : "more", detail };
  }
  if (was.mode !== is.mode) {
    const isOff = is.mode === "shadow";
    const detail = isOff
      ? `is no longer enforced, only logged (${showPlace(is)})`
      : `is now enforced (${showPlace(is)})`;
    return { control: isOff === (is.effect === "permit") ? "more" : "less", detail };
  }
  return was.digest === is.digest ? undefined : { control: "same", detail: `changed (${is.file}:${is.line})` };
}

function loosens(policy: PolicySource): boolean {
  return policy.mode === "enforce" && policy.effect === "permit";
}

function showPlace({ effect, file, line }: PolicySource): string {
  return `${effect}, ${file}:${line}`;
}
