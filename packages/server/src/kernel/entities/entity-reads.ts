/** Which attributes of `context.env.entity` a policy's text reads: what of the picture determines what it says. */
import { type Token, tokenize } from "../policy/policy-text.ts";

/** Every attribute, where the text names the record in a way that does not show which. */
export const everyAttribute = "*";

export function listEntityReads(text: string): readonly string[] {
  const tokens = tokenize(text);
  const reads = new Set<string>();
  for (const [at, token] of tokens.entries()) {
    if (mayNameIt(token)) reads.add(everyAttribute);
    const [of, dot, next, name] = [tokens[at - 2], tokens[at - 1], tokens[at + 1], tokens[at + 2]];
    if (token.text !== "entity" || dot?.text !== "." || others.has(of?.text)) continue;
    reads.add(next?.text === "." && name?.kind === "word" ? name.text : everyAttribute);
  }
  return [...reads].toSorted();
}

/** Whose own attribute may be called so. */
const others: ReadonlySet<string | undefined> = new Set(["input", "facts"]);

/** As in `context.env["entity"]`. With an escape in it, a string may spell the name as well. */
const mayNameIt = ({ kind, text }: Token): boolean => kind === "string" && (text === '"entity"' || text.includes("\\"));
