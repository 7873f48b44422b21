/** Data classes and the person as policies see them: which classes the arguments carry, and on whose behalf it is. */
import type { DataUse, GovernedTool, OnBehalfOf } from "@airworthy/contract";

/** `context.env.classes`. Each class stands with those above it: `pii.name` and `pii`. */
export type PolicyClasses = {
  readonly all: readonly string[];
  /** By declared facet of the tool. */
  readonly facets: Readonly<Record<string, readonly string[]>>;
};
/** `context.env.person`. Attributes are written `region=eu`. */
export type PolicyPerson = {
  readonly known: boolean;
  readonly id: string;
  readonly issuer: string;
  readonly attributes: readonly string[];
};

/** Longer lists would not enter a policy's context. */
const namedMax = 256;

export function summariseClasses(
  uses: readonly DataUse[],
  facets: GovernedTool["definition"]["facets"] = {},
): PolicyClasses {
  const within = (path: string) => (use: DataUse) =>
    use.path === path || use.path.startsWith(`${path}.`) || use.path.startsWith(`${path}[`);
  return {
    all: withParents(uses),
    facets: Object.fromEntries(
      Object.entries(facets).map(([name, { path }]) => [
        name,
        withParents(uses.filter(within(path.replaceAll(/\[\d+\]/g, "[*]")))),
      ]),
    ),
  };
}

export function summarisePerson(onBehalfOf: OnBehalfOf | undefined): PolicyPerson {
  if (!onBehalfOf) return { known: false, id: "", issuer: "", attributes: [] };
  const { person, issuer, attributes } = onBehalfOf;
  const held = Object.entries(attributes).flatMap(([name, values]) => values.map((value) => `${name}=${value}`));
  return { known: true, id: person, issuer, attributes: held.slice(0, namedMax) };
}

function withParents(uses: readonly DataUse[]): string[] {
  const found = new Set<string>();
  for (const { class: one } of uses) {
    const words = one.split(".");
    for (let count = 1; count <= words.length; count += 1) found.add(words.slice(0, count).join("."));
  }
  return [...found].slice(0, namedMax).toSorted();
}
