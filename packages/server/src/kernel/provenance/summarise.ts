/** Provenance as policies see it: the worst class, and which arguments are of a class that a policy asks about. */
import type { GovernedTool, ValueClass, ValueOrigin } from "@airworthy/contract";

/** `context.env.provenance`. Lists hold paths of arguments; under `sensitive`, the declared names. */
export type PolicyProvenance = {
  /** Of all arguments; `none` where nothing was traced. */
  readonly worst: string;
  readonly untrusted: readonly string[];
  readonly nowhere: readonly string[];
  readonly derived: readonly string[];
  readonly sensitive: SensitiveProvenance;
  readonly references: ReferenceProvenance;
  readonly facets: Readonly<Record<string, FacetProvenance>>;
};
type ReferenceProvenance = {
  readonly untrusted: readonly string[];
  /** Of `untrusted`: what anyone, not only people of this organisation, may have written. */
  readonly outside: readonly string[];
  readonly nowhere: readonly string[];
  /** Cut out of a text that a trusted system keeps. */
  readonly cut: readonly string[];
};
type SensitiveProvenance = ReferenceProvenance & { readonly worst: string; readonly computed: readonly string[] };
/** `source` is the tool that brought the value, empty where none did. */
type FacetProvenance = { readonly from: string; readonly source: string };

const order: readonly ValueClass[] = ["nowhere", "untrusted_tool", "derived", "trusted_tool", "prompt"];
/** Longer lists would not enter a policy's context; a policy asks whether there is one, not how many. */
const namedMax = 64;

export function summariseProvenance(
  origins: readonly ValueOrigin[],
  facets: GovernedTool["definition"]["facets"] = {},
): PolicyProvenance {
  const whole = origins.filter((one) => one.reference === undefined);
  const sensitive = whole.filter((one) => one.sensitive !== undefined || one.argument === "$");
  const references = origins.filter((one) => one.reference !== undefined);
  const path = (one: ValueOrigin): string => one.argument;
  const name = (one: ValueOrigin): string => one.sensitive ?? one.argument;
  return {
    worst: worstOf(whole),
    untrusted: pick(whole, path, (one) => one.from === "untrusted_tool"),
    nowhere: pick(whole, path, (one) => one.from === "nowhere"),
    derived: pick(whole, path, (one) => one.from === "derived"),
    sensitive: {
      worst: worstOf(sensitive),
      ...listSuspects(sensitive, name),
      computed: pick(sensitive, name, (one) => one.from === "derived" && one.match === "computed"),
    },
    references: listSuspects(references, path),
    facets: Object.fromEntries(Object.entries(facets).map(([facet, { path: at }]) => [facet, facetOf(whole, at)])),
  };
}

/** The plain summary of an action of which nothing was traced. */
export const untraced = (facets?: GovernedTool["definition"]["facets"]): PolicyProvenance =>
  summariseProvenance([], facets);

type Naming = (one: ValueOrigin) => string;

function listSuspects(origins: readonly ValueOrigin[], name: Naming): ReferenceProvenance {
  return {
    untrusted: pick(origins, name, (one) => one.from === "untrusted_tool"),
    outside: pick(origins, name, (one) => one.from === "untrusted_tool" && one.trust !== "internal"),
    nowhere: pick(origins, name, (one) => one.from === "nowhere"),
    cut: pick(origins, name, (one) => one.from === "derived" && one.match !== "computed"),
  };
}

function pick(origins: readonly ValueOrigin[], name: Naming, wanted: (one: ValueOrigin) => boolean): string[] {
  return [...new Set(origins.filter(wanted).map(name))].slice(0, namedMax);
}

function worstOf(origins: readonly ValueOrigin[]): string {
  return order.find((one) => origins.some((origin) => origin.from === one)) ?? "none";
}

/** A facet may be a list: then its worst member counts. Without an argument the facet is the configuration's default. */
function facetOf(origins: readonly ValueOrigin[], path: string): FacetProvenance {
  const own = origins.filter(
    ({ argument }) => argument === path || argument.startsWith(`${path}[`) || argument.startsWith(`${path}.`),
  );
  const from = order.find((one) => own.some((origin) => origin.from === one));
  const worst = own.find((origin) => origin.from === from);
  return { from: from ?? "none", source: worst?.observation?.tool ?? "" };
}
