/** The TypeScript client of Airworthy's HTTP interface. */
export { createClient } from "./client.ts";
export type { CallOptions, Client, ClientOptions, FetchLike } from "./client.ts";
export { AirworthyError } from "@airworthy/contract";
