/** Data classes of the arguments, and the person's limits: what is judged, what is sent, and what no reason may tell. */
import type { DataUse, GovernedTool, Json, JsonObject, Reason } from "@airworthy/contract";

import type { ProposedAction } from "../../kernel/action-walk.ts";
import { isJsonObject } from "../../kernel/json.ts";
import type { Deps } from "../../kernel/deps.ts";

export type PreparedData = {
  /** The action with the values that its tokens stand for. */
  readonly judged: ProposedAction;
  readonly sent: JsonObject;
  readonly data: readonly DataUse[];
  /** Reasons as the agent may read them. */
  readonly hide: (reasons: readonly Reason[]) => Promise<readonly Reason[]>;
  readonly problems: readonly Reason[];
};

export async function prepareData(
  action: ProposedAction,
  tool: GovernedTool,
  { data }: Pick<Deps, "data">,
): Promise<PreparedData> {
  const { tenant, agent, view, onBehalfOf } = action;
  const hearing = { tenant, snapshot: view.snapshot, agent, tool };
  const prepared = await data.prepare({ ...hearing, arguments: action.arguments, onBehalfOf });
  const missing = tool.definition.rows && !onBehalfOf ? [personRequired(tool)] : [];
  const hide = async (reasons: readonly Reason[]): Promise<readonly Reason[]> => {
    if (reasons.length === 0) return reasons;
    const withTokens = prepared.hidden.reduce(
      (text, { value, token }) => (value.length < shortestHidden ? text : text.replaceAll(inJson(value), token)),
      JSON.stringify(reasons),
    );
    const { value } = await data.answer({ ...hearing, tool: undefined }, { reasons: readJson(withTokens) }, "message");
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- texts were replaced by texts, nothing else
    return isJsonObject(value) ? (value["reasons"] as unknown as readonly Reason[]) : reasons;
  };
  return {
    judged: { ...action, arguments: prepared.judged },
    sent: prepared.sent,
    data: prepared.uses,
    hide,
    problems: [...prepared.problems, ...missing],
  };
}

/** A value of fewer characters stands in too many words. */
const shortestHidden = 4;
const readJson = (text: string): Json => JSON.parse(text);
const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);

function personRequired({ name }: GovernedTool): Reason {
  return {
    code: "person_required",
    effect: "deny",
    detail: `${name} shows what a person may see; this call is on behalf of nobody that is known.`,
  };
}
