/** Who is calling: an agent or a person by key, or whoever can read this machine's data folder. */
import { timingSafeEqual } from "node:crypto";

import { AirworthyError, type PersonRole, type Scope, type Snapshot } from "@airworthy/contract";

import type { Principal } from "../../kernel/action-walk.ts";
import { sha256Hex } from "../../kernel/canonical.ts";
import type { KeyStore } from "../../kernel/control-store.ts";
import type { Control } from "../../kernel/deps.ts";
import type { PersonVerifier } from "./verify-person.ts";

export type IdentityDeps = {
  readonly keys: Pick<KeyStore, "find">;
  readonly control: Control;
  readonly verifyPerson: PersonVerifier;
  /** The key in the data folder, and the name of the operating system's user who runs the server. */
  readonly local: { readonly key: string; readonly name: string };
};
export type Credentials = {
  readonly authorization: string | undefined;
  readonly tenant: string | undefined;
  /** A token of the person on whose behalf an agent calls. */
  readonly onBehalfOf?: string | undefined;
};

export const defaultTenant = "main";
const everything: readonly Scope[] = ["viewer", "approver", "operator", "admin"];
const tenantForm = /^[a-z0-9][a-z0-9-]{0,39}$/;

/** Undefined when there is no good key. Only the local administrator may choose a tenant; a key belongs to one. */
export async function identify(credentials: Credentials, deps: IdentityDeps): Promise<Principal | undefined> {
  const key = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(credentials.authorization ?? "")?.[1];
  if (key === undefined) return undefined;
  if (sameText(key, deps.local.key)) {
    const tenant = credentials.tenant ?? defaultTenant;
    if (!tenantForm.test(tenant)) throw badTenant();
    return { tenant, kind: "local", name: `local:${deps.local.name}`, scopes: everything };
  }
  const holder = await deps.keys.find(key);
  if (!holder) return undefined;
  // Ignored, it would let somebody act on one tenant in the belief of acting on another.
  if (credentials.tenant !== undefined && credentials.tenant !== holder.tenant) throw otherTenant();
  if (holder.kind === "agent") return withPerson({ ...holder, scopes: ["agent"] }, credentials.onBehalfOf, deps);
  const { snapshot } = await deps.control.view(holder.tenant);
  const scopes = scopesOf(snapshot, holder.name);
  // A person who left the configuration has no rights, whatever key they hold.
  return scopes && { ...holder, scopes };
}

/** The agent with the person it acts for. @throws AirworthyError `unauthenticated` for a claim that cannot be believed. */
export async function withPerson(
  agent: Principal,
  token: string | undefined,
  { control, verifyPerson }: Pick<IdentityDeps, "control" | "verifyPerson">,
): Promise<Principal> {
  if (token === undefined) return agent;
  const { snapshot } = await control.view(agent.tenant);
  return { ...agent, onBehalfOf: await verifyPerson(token, { agent: agent.name, snapshot }) };
}

function scopesOf(snapshot: Snapshot, name: string): readonly PersonRole[] | undefined {
  return Object.hasOwn(snapshot.people, name) ? snapshot.people[name]?.roles : undefined;
}

/** Administrators may do all that people may; nobody but an agent proposes actions. */
export function mayCall(principal: Principal | undefined, scopes: readonly Scope[]): boolean {
  if (scopes.includes("public")) return true;
  if (!principal) return false;
  if (principal.scopes.some((scope) => scopes.includes(scope))) return true;
  return principal.scopes.includes("admin") && scopes.some((scope) => scope !== "agent");
}

function sameText(a: string, b: string): boolean {
  // Digests have one length, so that the comparison's time tells nothing about either text.
  return timingSafeEqual(Buffer.from(sha256Hex(a)), Buffer.from(sha256Hex(b)));
}

function otherTenant(): AirworthyError {
  return new AirworthyError("forbidden", "This key belongs to another tenant than the one named.", {
    place: "header Airworthy-Tenant",
    fix: "Leave the header out, or use a key of that tenant.",
  });
}

function badTenant(): AirworthyError {
  return new AirworthyError("invalid_input", "A tenant's name is up to 40 lower-case letters, digits and dashes.", {
    place: "header Airworthy-Tenant",
    fix: "Correct the name, or leave the header out.",
  });
}
