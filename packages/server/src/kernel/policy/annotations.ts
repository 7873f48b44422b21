/** The closed vocabulary of annotations: what each means, where it may stand, and what an unknown one is. */
import { nearestName } from "./finding.ts";
import type { Complaint } from "./finding.ts";

export type Annotations = Readonly<Record<string, string>>;
export type Obligations = { readonly rationale?: "required"; readonly mask?: readonly string[] };

type Rule = {
  readonly on: "any" | "permit" | "forbid";
  readonly needs?: string;
  readonly form: RegExp;
  readonly example: string;
};

const maskPath = String.raw`\$(?:\.[A-Za-z_][A-Za-z0-9_-]*|\['[^',]+'\]|\[\d+\])+`;
const isoDuration = /^P(?!$)(?:(\d{1,4})D)?(?:T(?!$)(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:(\d{1,6})S)?)?$/u;

const vocabulary: Readonly<Record<string, Rule>> = {
  id: { on: "any", form: /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/u, example: '@id("refund-over-500")' },
  title: { on: "any", form: /\S/u, example: '@title("Refunds above 500 need finance")' },
  mode: { on: "any", form: /^(?:enforce|shadow)$/u, example: '@mode("shadow")' },
  approver: { on: "forbid", form: /^[a-z0-9][a-z0-9._-]{0,62}$/u, example: '@approver("finance-ops")' },
  ttl: { on: "forbid", needs: "approver", form: isoDuration, example: '@ttl("PT30M")' },
  oversight: { on: "forbid", needs: "approver", form: /^in-the-loop$/u, example: '@oversight("in-the-loop")' },
  rationale: { on: "permit", form: /^required$/u, example: '@rationale("required")' },
  mask: {
    on: "permit",
    form: new RegExp(`^${maskPath}(?:\\s*,\\s*${maskPath})*$`, "u"),
    example: '@mask("$.customer.iban")',
  },
};

/** What is wrong with one policy's annotations; `name` is the annotation to point at. Empty when all is well. */
export function checkAnnotations(
  effect: "permit" | "forbid",
  annotations: Annotations,
): readonly (Complaint & { readonly name: string })[] {
  const complaints = Object.entries(annotations).flatMap(([name, value]) => {
    const complaint = checkAnnotation(name, value, { effect, annotations });
    return complaint === undefined ? [] : [{ ...complaint, name }];
  });
  if (Object.hasOwn(annotations, "id")) return complaints;
  const missing = {
    code: "policy_id_missing",
    message: "this policy has no @id",
    hint: 'begin it with @id("its-name")',
  };
  return [{ ...missing, name: "id" }, ...complaints];
}

function checkAnnotation(
  name: string,
  value: string,
  policy: { readonly effect: "permit" | "forbid"; readonly annotations: Annotations },
): Complaint | undefined {
  const rule = Object.hasOwn(vocabulary, name) ? vocabulary[name] : undefined;
  if (rule === undefined) {
    const nearest = nearestName(name, Object.keys(vocabulary));
    return {
      code: "annotation_unknown",
      message: `@${name} means nothing here, and what means nothing is refused`,
      hint: nearest === undefined ? `known: ${Object.keys(vocabulary).join(", ")}` : `did you mean @${nearest}?`,
    };
  }
  if (rule.on !== "any" && rule.on !== policy.effect) {
    return {
      code: "annotation_misplaced",
      message: `@${name} may stand only on a ${rule.on}`,
      hint: `remove @${name}`,
    };
  }
  if (rule.needs !== undefined && !Object.hasOwn(policy.annotations, rule.needs)) {
    return {
      code: "annotation_misplaced",
      message: `@${name} says nothing without @${rule.needs}`,
      hint: `add @${rule.needs}, or remove @${name}`,
    };
  }
  if (rule.form.test(value) && (name !== "ttl" || readTtlMs({ ttl: value }) !== 0)) return undefined;
  return {
    code: "annotation_value",
    message: `@${name}("${value.slice(0, 60)}") is not a value that @${name} takes`,
    hint: `for example ${rule.example}`,
  };
}

/** How long a yes to this policy may be waited for, in milliseconds. */
export function readTtlMs(annotations: Annotations): number | undefined {
  const match = isoDuration.exec(annotations["ttl"] ?? "");
  if (match === null) return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0));
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000;
}

/** The union of what these permits ask for; where two differ, both hold. */
export function unionObligations(permits: readonly Annotations[]): Obligations {
  const mask = new Set(
    permits.flatMap((permit) => (permit["mask"] ?? "").split(",")).flatMap((path) => path.trim() || []),
  );
  return {
    ...(permits.some((permit) => permit["rationale"] === "required") ? { rationale: "required" as const } : {}),
    ...(mask.size > 0 ? { mask: [...mask].toSorted() } : {}),
  };
}
