/** Follows the list of actions: prints each when it first appears and whenever it changes. */
import type { ActionRecord, Input } from "@airworthy/contract";
import type { Client } from "@airworthy/sdk";

import { envelope, type Call } from "./call.ts";
import { isOurError } from "./exit-codes.ts";
import { renderActionLine } from "./render/actions.ts";
import { clean } from "./text/clean.ts";

type Filter = Input<"listActions">;

const pollMs = 1000;
const retryMs = 5000;
const pageLimit = 100;
/** A burst larger than this between two looks is reported as a gap, never skipped in silence. */
const mostPages = 10;

/** What was last seen of each action: its id and when it was last updated. */
type Seen = ReadonlyMap<string, string>;

/** Runs until the process is interrupted or a failure cannot be retried. */
export async function followActions(call: Call<object>, client: Client, filter: Filter): Promise<never> {
  const first = await client.listActions(filter);
  printActions(call, first.actions);
  let seen = remember(new Map(), first.actions);
  for (;;) {
    // One look at a time is the point here.
    seen = await lookAgain(call, client, { filter, seen });
  }
}

async function lookAgain(call: Call<object>, client: Client, at: { filter: Filter; seen: Seen }): Promise<Seen> {
  await call.shell.sleep(pollMs);
  try {
    const { actions, gap } = await readSince(client, at.filter, at.seen);
    if (gap) call.note(`warning: more came than could be shown; list the rest with: airworthy actions list`);
    printActions(call, changedSince(actions, at.seen));
    return remember(at.seen, actions);
  } catch (error) {
    if (!isOurError(error) || error.code !== "unavailable") throw error;
    call.note(`paused: ${clean(error.message)}`);
    await call.shell.sleep(retryMs);
    return at.seen;
  }
}

/** Newest first, back to the first page that holds something already seen. */
async function readSince(
  client: Pick<Client, "listActions">,
  filter: Filter,
  seen: Seen,
): Promise<{ readonly actions: readonly ActionRecord[]; readonly gap: boolean }> {
  const actions: ActionRecord[] = [];
  let before: Filter["before"];
  for (let pages = 0; pages < mostPages; pages += 1) {
    // Each page begins where the one before ended.
    const page = await client.listActions({ ...filter, before, limit: pageLimit });
    actions.push(...page.actions);
    if (page.next === undefined || seen.size === 0 || page.actions.some((action) => seen.has(action.id))) {
      return { actions, gap: false };
    }
    before = page.next;
  }
  return { actions, gap: true };
}

const changedSince = (actions: readonly ActionRecord[], seen: Seen): readonly ActionRecord[] =>
  actions.filter((action) => seen.get(action.id) !== action.updatedAt);

/** Old ones are forgotten, so that following for days needs no more memory than following for a minute. */
function remember(seen: Seen, actions: readonly ActionRecord[]): Seen {
  const newest = actions.map((action) => [action.id, action.updatedAt] as const).toReversed();
  const kept = [...seen].filter(([id]) => !actions.some((action) => action.id === id));
  return new Map([...kept, ...newest].slice(-mostPages * pageLimit));
}

/** Oldest first, as a log reads. */
function printActions(call: Call<object>, actions: readonly ActionRecord[]): void {
  for (const action of actions.toReversed()) {
    call.shell.out(call.options.json === true ? envelope("action", action) : renderActionLine(action, call.paint));
  }
}
