/** One call of Cedar that cannot fail open: any error, warning, absent entity or throw is a fault, never an answer. */
import { statefulIsAuthorized } from "./cedar.ts";
import type {
  AuthorizationAnswer,
  EntityJson,
  StatefulAuthorizationCall,
  TypeAndId,
} from "@cedar-policy/cedar-wasm/nodejs";

export type Authorization =
  | { readonly kind: "answer"; readonly decision: "allow" | "deny"; readonly reasons: readonly string[] }
  /** `thrown`: Cedar threw, which leaks its stack; the thread must be replaced. `errored`: policies that failed. */
  | { readonly kind: "fault"; readonly detail: string; readonly thrown: boolean; readonly errored: readonly string[] };

/** The call with what Cedar leaves optional made required. */
export type StrictCall = Omit<StatefulAuthorizationCall, "principal" | "resource" | "entities" | "validateRequest"> & {
  readonly preparsedSchemaName: string;
  readonly principal: TypeAndId;
  readonly resource: TypeAndId;
  readonly entities: readonly StrictEntity[];
};
export type StrictEntity = Omit<EntityJson, "uid"> & { readonly uid: TypeAndId };

/** Asks Cedar once, against a preparsed schema and policy set. */
export function authorizeStrictly(call: StrictCall): Authorization {
  for (const [role, uid] of [
    ["principal", call.principal],
    ["resource", call.resource],
  ] as const) {
    if (!call.entities.some((entity) => isSame(entity.uid, uid))) return fault(`the ${role} is not among the entities`);
  }
  try {
    return readAnswer(statefulIsAuthorized({ ...call, entities: [...call.entities], validateRequest: true }));
  } catch (error) {
    return { kind: "fault", detail: `the engine threw: ${messageOf(error)}`, thrown: true, errored: [] };
  }
}

function readAnswer(answer: AuthorizationAnswer): Authorization {
  if (answer.type === "failure") return fault(answer.errors.map((error) => error.message).join("; "));
  if (answer.warnings.length > 0) return fault(answer.warnings.map((warning) => warning.message).join("; "));
  const { decision, diagnostics } = answer.response;
  if (diagnostics.errors.length === 0) return { kind: "answer", decision, reasons: diagnostics.reason };
  const detail = diagnostics.errors.map(({ error }) => error.message).join("; ");
  return fault(
    detail,
    diagnostics.errors.map((error) => error.policyId),
  );
}

function fault(detail: string, errored: readonly string[] = []): Authorization {
  return { kind: "fault", detail, thrown: false, errored };
}

const isSame = (left: TypeAndId, right: TypeAndId): boolean => left.type === right.type && left.id === right.id;

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
