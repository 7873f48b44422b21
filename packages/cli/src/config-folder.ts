/** Reads the configuration folder that a command was given. */
import type { ConfigFile } from "@airworthy/contract";
import { resolve } from "node:path";

import type { Call } from "./call.ts";
import { isOurError } from "./exit-codes.ts";
import { Failure } from "./failure.ts";
import type { ServerParts } from "./server-parts.ts";

/** A folder that is not there is wrong usage here, not an unknown id. */
export async function readConfigFolder(call: Call<object>, server: ServerParts): Promise<readonly ConfigFile[]> {
  try {
    return await server.readFolder(resolve(call.shell.cwd, call.args[0] ?? "."));
  } catch (error) {
    if (isOurError(error) && error.code === "not_found") throw new Failure("usage", error.message, error.fix);
    throw error;
  }
}
