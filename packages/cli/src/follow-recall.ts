/** Follows one recall to its end: a bar that is drawn over itself where a person looks, a line for each change otherwise. */
import type { Recall, RecallId } from "@airworthy/contract";
import type { Client } from "@airworthy/sdk";

import { envelope, type Call } from "./call.ts";
import { exitCodes, isOurError, type ExitCode } from "./exit-codes.ts";
import { progressLine, renderRecall } from "./render/recalls.ts";
import { clean } from "./text/clean.ts";

const pollMs = 500;
const clearLine = "\r\u001B[K";

/** Ends when nothing goes on any more without a person: the recall is over or paused, or all that is left are tasks. */
export async function followRecall(call: Call<object>, client: Client, id: RecallId): Promise<ExitCode> {
  const { shell, options } = call;
  let before = "";
  for (;;) {
    const recall = await look(call, client, id);
    if (recall) {
      const now = progressLine(recall);
      if (now !== before && options.json === true) shell.out(envelope("recall", recall));
      else if (shell.errIsTerminal) shell.err(`${clearLine}${now.trim()}`);
      else if (now !== before) shell.err(`${now.trim()}\n`);
      before = now;
      if (rests(recall)) {
        if (shell.errIsTerminal) shell.err(clearLine);
        if (options.json !== true) shell.out(renderRecall(recall, call));
        return recall.status === "done" ? exitCodes.ok.code : exitCodes.partlyApplied.code;
      }
    }
    await shell.sleep(pollMs);
  }
}

async function look(call: Call<object>, client: Client, id: RecallId): Promise<Recall | undefined> {
  try {
    return await client.readRecall({ id });
  } catch (error) {
    if (!isOurError(error) || error.code !== "unavailable") throw error;
    call.note(`paused: ${clean(error.message)}`);
    return undefined;
  }
}

function rests({ status, counts, total }: Recall): boolean {
  if (status !== "running" && status !== "cancelled" && status !== "waiting") return true;
  if (status !== "running") return false;
  const forPeople = (counts.failed ?? 0) + (counts.manual ?? 0) + (counts.unknown ?? 0) + (counts.waiting ?? 0);
  const over = ["compensated", "corrected", "handled", "left", "not_begun"] as const;
  const done = over.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
  return forPeople > 0 && done + forPeople === total;
}
