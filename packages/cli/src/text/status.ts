/** The word for where something stands, in the colour that fits it. */
import type { ActionStatus, ApprovalStatus, Effect } from "@airworthy/contract";

import type { Paint } from "./paint.ts";

type Tone = "green" | "red" | "yellow" | "cyan" | "dim";

const actionTones: Record<ActionStatus, Tone> = {
  running: "cyan",
  waiting: "yellow",
  queued: "yellow",
  done: "green",
  refused: "red",
  failed: "red",
  shadowed: "cyan",
  unknown: "yellow",
};
const approvalTones: Record<ApprovalStatus, Tone> = {
  pending: "yellow",
  approved: "green",
  consumed: "green",
  rejected: "red",
  expired: "red",
  stale: "red",
};
const effectTones: Record<Effect, Tone> = { allow: "green", deny: "red", escalate: "yellow" };

export const actionPaint = (status: ActionStatus, paint: Paint): ((text: string) => string) =>
  paint[actionTones[status]];
export const approvalPaint = (status: ApprovalStatus, paint: Paint): ((text: string) => string) =>
  paint[approvalTones[status]];
export const effectPaint = (effect: Effect, paint: Paint): ((text: string) => string) => paint[effectTones[effect]];

/** For help texts and choices. */
export const actionStatuses: readonly string[] = Object.keys(actionTones);
export const approvalStatuses: readonly string[] = Object.keys(approvalTones);
