/** Checks ids that a person typed, so that a wrong one is named here and not by a server. */
import type { IdPrefix } from "@airworthy/contract";

import { Failure } from "./failure.ts";
import { clean } from "./text/clean.ts";

const names: Record<IdPrefix, string> = {
  act: "an action",
  apr: "an approval",
  obs: "an observation",
  stp: "a stop",
  prm: "a permit",
  key: "a key",
  tsk: "a task",
  rcl: "a recall",
  qrn: "a quarantined record",
  fnd: "a finding",
  eff: "a recorded effect",
};

/** The id, when it is one of this kind. */
export function readId<P extends IdPrefix>(prefix: P, text: string | undefined): `${P}_${string}` {
  const given = text ?? "";
  if (isId(prefix, given)) return given;
  const hint = `${names[prefix]}'s id is ${prefix}_ and 32 hexadecimal digits`;
  throw new Failure("usage", `${clean(given)} is not ${names[prefix]}'s id.`, `Copy it from a list; ${hint}.`);
}

/** A business object's name, as its tools write it. */
export function readEntityKey(text: string | undefined): string {
  const given = text ?? "";
  if (/^[a-z][a-z0-9_-]*:.+$/.test(given)) return given;
  throw new Failure(
    "usage",
    `${clean(given)} is not the name of a business object.`,
    "Write type:id, such as invoice:4711.",
  );
}

const isId = <P extends IdPrefix>(prefix: P, text: string): text is `${P}_${string}` =>
  text.startsWith(`${prefix}_`) && /^[0-9a-f]{32}$/.test(text.slice(prefix.length + 1));
