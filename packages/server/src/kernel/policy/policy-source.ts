/** Turns .cedar files into policies with their names, places, digests and heads, or into findings. */
import { createHash } from "node:crypto";

import type { Finding, PolicyFile } from "@airworthy/contract";
import { policyToJson } from "./cedar.ts";
import type { DetailedError, EntityUidJson, PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";

import { listEntityReads } from "../entities/entity-reads.ts";
import { checkAnnotations } from "./annotations.ts";
import type { Annotations } from "./annotations.ts";
import { findingAt } from "./finding.ts";
import type { Complaint, Stretch } from "./finding.ts";
import { findBreach, placeWithin, splitPolicies, textLimits, tokenize, utf16Offset } from "./policy-text.ts";
import type { Place, TextLimits, Token } from "./policy-text.ts";

export type EntityRef = { readonly type: string; readonly id: string };
type ActionHead =
  | { readonly op: "all" }
  | { readonly op: "=="; readonly entity: EntityRef }
  | { readonly op: "in"; readonly entities: readonly EntityRef[] };
export type EntityHead =
  | { readonly op: "all" }
  | { readonly op: "==" | "in"; readonly entity: EntityRef }
  | { readonly op: "is"; readonly type: string; readonly within?: EntityRef };
type PolicyHead = {
  readonly principal: EntityHead;
  readonly action: ActionHead;
  readonly resource: EntityHead;
};

/** One policy as its author wrote it. `digest` is of its tokens, so layout and comments do not change it. */
export type PolicySource = Place & {
  readonly id: string;
  readonly file: string;
  readonly text: string;
  readonly digest: string;
  readonly effect: "permit" | "forbid";
  readonly annotations: Annotations;
  readonly head: PolicyHead;
  readonly mode: "enforce" | "shadow";
  /** The attributes of `context.env.entity` that it reads. */
  readonly entityReads: readonly string[];
};

/** A policy with its parsed form, which the lints need and nobody stores. */
export type ParsedPolicy = { readonly policy: PolicySource; readonly json: PolicyJson };

/** Policies that can be read, and a finding for each that cannot. Runs Cedar in the calling thread, limits first. */
export function parsePolicies(
  files: readonly PolicyFile[],
  limits: TextLimits = textLimits,
): { readonly policies: readonly PolicySource[]; readonly findings: readonly Finding[] } {
  const { parsed, findings } = parsePolicyFiles(files, limits);
  return { policies: parsed.map(({ policy }) => policy), findings };
}

/** As `parsePolicies`, with each policy's parsed form beside it. */
export function parsePolicyFiles(
  files: readonly PolicyFile[],
  limits: TextLimits,
): { readonly parsed: readonly ParsedPolicy[]; readonly findings: readonly Finding[] } {
  const parsed: ParsedPolicy[] = [];
  const findings: Finding[] = [];
  let count = 0;
  for (const { path, text } of files) {
    const start: Stretch = { file: path, line: 1, column: 1, text };
    if (Buffer.byteLength(text) > limits.fileBytes) {
      findings.push(
        findingAt(start, {
          code: "policy_too_large",
          message: `this file is larger than ${limits.fileBytes} bytes`,
          hint: "split it",
        }),
      );
      continue;
    }
    const pieces = locatePieces(path, text);
    count += pieces.length;
    if (count > limits.policies) {
      findings.push(
        findingAt(start, {
          code: "policy_too_many",
          message: `more than ${limits.policies} policies`,
          hint: "remove some",
        }),
      );
      break;
    }
    for (const piece of pieces) {
      const result = parseSafely(piece, limits);
      if (result === undefined) {
        findings.push(
          findingAt(piece.where, {
            code: engineDied,
            message: "the policy engine died of this policy",
            hint: "split it",
          }),
        );
        return { parsed, findings };
      }
      if ("findings" in result) findings.push(...result.findings);
      else parsed.push(result);
    }
  }
  return { parsed, findings: [...findings, ...findDuplicates(parsed)] };
}

/** The code of a finding after which Cedar in this thread answers nothing. */
export const engineDied = "policy_check_died";

function parseSafely(piece: Piece, limits: TextLimits): ReturnType<typeof parsePiece> | undefined {
  try {
    return parsePiece(piece, limits);
  } catch {
    return undefined;
  }
}

type Piece = { readonly where: Stretch; readonly tokens: readonly Token[] };

function locatePieces(file: string, text: string): readonly Piece[] {
  let place: Place = { line: 1, column: 1 };
  let offset = 0;
  return splitPolicies(tokenize(text)).map((tokens) => {
    const start = tokens[0]?.start ?? offset;
    const end = tokens.at(-1)?.end ?? start;
    place = placeWithin(place, text.slice(offset, start), start - offset);
    offset = start;
    return {
      where: { file, ...place, text: text.slice(start, end) },
      tokens: tokens.map((token) => shift(token, start)),
    };
  });
}

const shift = (token: Token, by: number): Token => ({ ...token, start: token.start - by, end: token.end - by });

function parsePiece(
  { where, tokens }: Piece,
  limits: TextLimits,
): ParsedPolicy | { readonly findings: readonly Finding[] } {
  const breach = findBreach(tokens, limits);
  if (breach !== undefined) {
    const code = breach.token.kind === "unclosed" ? "policy_syntax" : "policy_too_complex";
    const span = { start: breach.token.start, end: breach.token.end };
    return { findings: [findingAt({ ...where, ...span }, { code, message: breach.message, hint: breach.hint })] };
  }
  const answer = policyToJson(where.text);
  if (answer.type === "failure") return { findings: answer.errors.map((error) => describeError(error, where)) };
  const { json } = answer;
  if (countLevels(json.conditions) + 2 * json.conditions.length > limits.levels) {
    const message = "this condition is too deep to be evaluated safely";
    return {
      findings: [
        findingAt(where, {
          code: "policy_too_complex",
          message,
          hint: "split the policy, or test membership of a set",
        }),
      ],
    };
  }
  const annotations: Annotations = { ...json.annotations };
  const complaints = checkAnnotations(json.effect, annotations);
  if (complaints.length > 0) {
    return {
      findings: complaints.map((complaint) =>
        findingAt({ ...where, ...spanOfAnnotation(complaint.name, tokens) }, complaint),
      ),
    };
  }
  const policy: PolicySource = {
    id: annotations["id"] ?? "",
    file: where.file,
    line: where.line,
    column: where.column,
    text: where.text,
    digest: createHash("sha256")
      .update(tokens.map((token) => token.text).join("\n"))
      .digest("hex"),
    effect: json.effect,
    annotations,
    head: readHead(json),
    mode: annotations["mode"] === "shadow" ? "shadow" : "enforce",
    entityReads: listEntityReads(where.text),
  };
  return { policy, json };
}

function spanOfAnnotation(name: string, tokens: readonly Token[]): { readonly start?: number; readonly end?: number } {
  const at = tokens.findIndex((token, index) => token.text === "@" && tokens[index + 1]?.text === name);
  const [mark, word] = [tokens[at], tokens[at + 1]];
  return mark === undefined || word === undefined ? {} : { start: mark.start, end: word.end };
}

function findDuplicates(parsed: readonly ParsedPolicy[]): readonly Finding[] {
  const first = new Map<string, PolicySource>();
  return parsed.flatMap(({ policy }) => {
    const earlier = first.get(policy.id);
    if (earlier === undefined) {
      first.set(policy.id, policy);
      return [];
    }
    const message = `@id("${policy.id}") is already used at ${earlier.file}:${earlier.line}`;
    return [findingAt(policy, { code: "policy_id_taken", message, hint: "give one of the two another name" })];
  });
}

/** Puts one of Cedar's errors, whose offsets are bytes of the policy's text, at its place in the file. */
export function describeError(error: DetailedError, where: Stretch, code = "policy_syntax"): Finding {
  const location = error.sourceLocations?.[0];
  const span =
    location === undefined
      ? {}
      : { start: utf16Offset(where.text, location.start), end: utf16Offset(where.text, location.end) };
  const complaint: Complaint = {
    code,
    message: error.message.replace(
      /^failed to parse policy (?:with id `[^`]*` )?from string: |^for policy `[^`]*`, /u,
      "",
    ),
    hint: error.help ?? location?.label ?? undefined,
  };
  return findingAt({ ...where, ...span }, complaint);
}

function countLevels(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  let deepest = 0;
  for (const child of Object.values(value)) deepest = Math.max(deepest, countLevels(child));
  return deepest + 1;
}

function readRef(entity: EntityUidJson): EntityRef {
  if ("type" in entity) return { type: entity.type, id: entity.id };
  const { __entity: wrapped } = entity;
  return { type: wrapped.type, id: wrapped.id };
}

function readHead(json: PolicyJson): PolicyHead {
  return {
    principal: readEntityHead(json.principal),
    action: readActionHead(json.action),
    resource: readEntityHead(json.resource),
  };
}

function readActionHead(action: PolicyJson["action"]): ActionHead {
  if (action.op === "All") return { op: "all" };
  if (action.op === "==") return "entity" in action ? { op: "==", entity: readRef(action.entity) } : { op: "all" };
  return { op: "in", entities: ("entity" in action ? [action.entity] : action.entities).map(readRef) };
}

// A slot would be a template, which the parser has refused; "all" keeps such a policy in every slice.
function readEntityHead(head: PolicyJson["principal"]): EntityHead {
  if (head.op === "All") return { op: "all" };
  if (head.op === "is") {
    const within = head.in !== undefined && "entity" in head.in ? { within: readRef(head.in.entity) } : {};
    return { op: "is", type: head.entity_type, ...within };
  }
  return "entity" in head ? { op: head.op, entity: readRef(head.entity) } : { op: "all" };
}
