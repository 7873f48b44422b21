/** Who can write each field of a tool's result, as the tool's configuration declares it. */
import type { GovernedTool, Trust } from "@airworthy/contract";

import { cutMark } from "./leaves.ts";

type Declared = Pick<GovernedTool["definition"], "trust" | "untrusted" | "internal">;

/** From the most trusted to the least. */
const trustOrder: readonly Trust[] = ["trusted", "internal", "untrusted"];

/** A function from a leaf's path to who can write it. Without a declaration anyone can: that errs on the safe side. */
export function readTrust({ trust = "untrusted", untrusted = [], internal = [] }: Declared): (path: string) => Trust {
  const outside = untrusted.map(compile);
  const inside = internal.map(compile);
  const weaker = (one: Trust, other: Trust): Trust =>
    trustOrder.indexOf(one) > trustOrder.indexOf(other) ? one : other;
  return (path) => {
    // What is declared of a field cannot be seen where the path to it was cut off.
    if (trust === "untrusted" || path.endsWith(cutMark) || outside.some((pattern) => pattern.test(path)))
      return "untrusted";
    return inside.some((pattern) => pattern.test(path)) ? weaker(trust, "internal") : trust;
  };
}

/** The declared field and all that is below it. Paths were checked with the configuration; a strange one covers everything. */
function compile(path: string): RegExp {
  const deep = /^\$\.\.([A-Za-z_][\w-]*)$/.exec(path)?.[1];
  if (deep !== undefined) return new RegExp(String.raw`\.${deep}(?=$|[.[])`, "u");
  const steps = path.slice(1).match(/\.[A-Za-z_][\w-]*|\[\d+\]|\[\*\]|\['(?:[^'\\]|\\.)*'\]/gu) ?? [];
  if (!path.startsWith("$") || steps.join("") !== path.slice(1)) return /^/u;
  const text = steps.map((step) => {
    // A list's place and a name that is not shown are both one step.
    if (step === "[*]" || step.startsWith("['")) return String.raw`(?:\[(?:\d+|\*)\]|\.[\w-]+)`;
    return step.replaceAll(/[.[\]]/g, String.raw`\$&`);
  });
  return new RegExp(String.raw`^\$${text.join("")}(?=$|[.[])`, "u");
}
