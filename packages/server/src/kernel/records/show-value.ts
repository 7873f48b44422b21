/** A value of somebody's data as it may be shown: short, and never a secret. */
import { findSecret } from "../secret-shapes.ts";

const lengthMax = 32;
const hidden = "(looks like a secret)";

export function showValue(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value !== "string") return showLabel(JSON.stringify(value));
  const label = showLabel(value);
  return label === hidden ? label : JSON.stringify(label);
}

/** Without quotes, as the label of a bar. */
export function showLabel(text: string): string {
  if (findSecret(text) !== undefined) return hidden;
  if (text.length <= lengthMax) return text;
  // Half of a surrogate pair would not be shown.
  return `${text.slice(0, lengthMax).replace(/[\uD800-\uDBFF]$/, "")}…`;
}
