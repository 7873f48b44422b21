/** Which attributes of `context.env.entity` a policy's text reads: what of the picture determines what it says. */
import { tokenize } from "../policy/policy-text.ts";

/** Every attribute, where the text names the record in a way that does not show which. */
export const everyAttribute = "*";

export function listEntityReads(text: string): readonly string[] {
  const tokens = tokenize(text);
  const reads = new Set<string>();
  for (const [at, token] of tokens.entries()) {
    // With an escape in it, a string may spell the name as well.
    const isName = token.text === '"entity"' || token.text.includes("\\");
    if (token.kind === "string" && isName) reads.add(everyAttribute);
    if (token.kind !== "word" || token.text !== "entity" || tokens[at - 1]?.text !== ".") continue;
    if (tokens[at - 2]?.text === "input" || tokens[at - 2]?.text === "facts") continue;
    const name = tokens[at + 1]?.text === "." ? tokens[at + 2] : undefined;
    reads.add(name?.kind === "word" ? name.text : everyAttribute);
  }
  return [...reads].toSorted();
}
