/** `subscriptions/listen`: acknowledges what can be delivered, then relays exactly that, each under the subscription's id. */
import type { JsonObject } from "@airworthy/contract";

import { metaKey, McpProtocolError, rpcCode } from "../../dataplane/5-execution/connectors/mcp-wire.ts";
import { isJsonObject } from "../../kernel/json.ts";
import type { McpGateway } from "./gateway.ts";
import type { McpRequest, RequestId } from "./read-request.ts";
import type { Reply } from "./reply.ts";

const listNotifications: Readonly<Record<string, readonly [wish: string, feature: string]>> = {
  "notifications/tools/list_changed": ["toolsListChanged", "tools"],
  "notifications/prompts/list_changed": ["promptsListChanged", "prompts"],
  "notifications/resources/list_changed": ["resourcesListChanged", "resources"],
};

const featureSays = (features: JsonObject, feature: string, word: string): boolean => {
  const stated = features[feature];
  return isJsonObject(stated) && stated[word] === true;
};

/** The part of a filter that these features can deliver. */
function honour(filter: JsonObject, features: JsonObject): JsonObject {
  const lists = Object.values(listNotifications).filter(
    ([wish, feature]) => filter[wish] === true && featureSays(features, feature, "listChanged"),
  );
  const uris = filter["resourceSubscriptions"];
  const wantsUris = Array.isArray(uris) && uris.length > 0 && featureSays(features, "resources", "subscribe");
  return {
    ...Object.fromEntries(lists.map(([wish]) => [wish, true])),
    ...(wantsUris && { resourceSubscriptions: uris }),
  };
}

function isWanted(honoured: JsonObject, method: string, params: JsonObject): boolean {
  const list = listNotifications[method];
  if (list) return honoured[list[0]] === true;
  const uris = honoured["resourceSubscriptions"];
  return method === "notifications/resources/updated" && Array.isArray(uris) && uris.includes(params["uri"]);
}

function tagged(params: JsonObject, id: RequestId): JsonObject {
  const meta = params["_meta"];
  return { ...params, _meta: { ...(isJsonObject(meta) ? meta : {}), [metaKey.subscriptionId]: id } };
}

/** Serves one subscription until the client leaves or nothing can come any more. */
export async function serveListen<P>(
  gateway: McpGateway<P>,
  caller: P,
  at: { request: McpRequest; reply: Reply },
): Promise<JsonObject> {
  const { request, reply } = at;
  const filter = request.params["notifications"];
  if (!isJsonObject(filter))
    throw new McpProtocolError(rpcCode.invalidParams, "Invalid params: notifications is required");
  const honoured = gateway.listen ? honour(filter, await gateway.features(caller)) : {};
  const tell = (method: string, params: JsonObject): void => reply.sink.notify(method, tagged(params, request.id));
  reply.open();
  tell("notifications/subscriptions/acknowledged", { notifications: honoured });
  if (gateway.listen && Object.keys(honoured).length > 0) {
    await gateway.listen(caller, honoured, {
      signal: reply.sink.signal,
      notify(method, params) {
        if (isWanted(honoured, method, params)) tell(method, params);
      },
    });
  }
  return { _meta: { [metaKey.subscriptionId]: request.id } };
}
