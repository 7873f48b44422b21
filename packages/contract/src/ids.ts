/** Identifiers: each is a prefixed UUIDv7, so a reader of any log can tell what it names and when it was made. */
import { z } from "zod";

const id = <P extends string>(prefix: P) => z.templateLiteral([`${prefix}_`, z.string().regex(/^[0-9a-f]{32}$/)]);

export const ActionId = id("act");
export const ApprovalId = id("apr");
export const ObservationId = id("obs");
export const StopId = id("stp");
export const PermitId = id("prm");
export const KeyId = id("key");
export const RecallId = id("rcl");
export const TaskId = id("tsk");
export const QuarantineId = id("qrn");
export const FindingId = id("fnd");
export const EffectId = id("eff");

export type ActionId = z.infer<typeof ActionId>;
export type ApprovalId = z.infer<typeof ApprovalId>;
export type ObservationId = z.infer<typeof ObservationId>;
export type StopId = z.infer<typeof StopId>;
export type PermitId = z.infer<typeof PermitId>;
export type KeyId = z.infer<typeof KeyId>;
export type RecallId = z.infer<typeof RecallId>;
export type TaskId = z.infer<typeof TaskId>;
export type QuarantineId = z.infer<typeof QuarantineId>;
export type FindingId = z.infer<typeof FindingId>;
export type EffectId = z.infer<typeof EffectId>;

export type IdPrefix = "act" | "apr" | "obs" | "stp" | "prm" | "key" | "rcl" | "tsk" | "qrn" | "eff" | "fnd";
