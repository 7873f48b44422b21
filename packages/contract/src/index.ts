/** The vocabulary of Airworthy: schemas, types and the table of operations. */
export * from "./action.ts";
export * from "./api.ts";
export * from "./approval.ts";
export * from "./config-files.ts";
export * from "./config-network.ts";
export * from "./config-sources.ts";
export { SecretRef } from "./config-text.ts";
export * from "./config.ts";
export * from "./errors.ts";
export * from "./explanation.ts";
export * from "./ids.ts";
export * from "./json.ts";
export * from "./ledger.ts";
export * from "./plan.ts";
export * from "./readiness.ts";
export * from "./snapshot.ts";
export * from "./source.ts";
export * from "./stop.ts";
