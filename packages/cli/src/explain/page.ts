/** The page "why did it do this?": verdict first, then what it rested on, what others did, the rules, the people, the effect, the proof. */
import type { Explanation } from "@airworthy/contract";

import { renderApproval } from "./approval-section.ts";
import { renderClaims } from "./claims-section.ts";
import { renderData } from "./data-section.ts";
import { renderEffect } from "./effect-section.ts";
import { renderInputs } from "./inputs-section.ts";
import type { Look, Section } from "./look.ts";
import { renderNext } from "./next-section.ts";
import { renderOthers } from "./others-section.ts";
import { renderProof } from "./proof-section.ts";
import { renderRules } from "./rules-section.ts";
import { renderVerdict } from "./verdict-section.ts";

const order: readonly Section[] = [
  renderVerdict,
  renderInputs,
  renderData,
  renderOthers,
  renderRules,
  renderClaims,
  renderApproval,
  renderEffect,
  renderProof,
  renderNext,
];

export function renderExplanation(explanation: Explanation, look: Look): string {
  const sections = order.map((section) => section(explanation, look)).filter((lines) => lines.length > 0);
  return sections.map((lines) => lines.map((line) => `${line.trimEnd()}\n`).join("")).join("\n");
}
