/** The tools and the prompt of the conformance fixture that ask the client for input and finish in a later round. */
import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  inputRequired,
  inputResponse,
  type ClientCapabilities,
  type McpServer,
  type ServerContext,
} from "@modelcontextprotocol/server";

type Round = { readonly round: number };

/** Seals the state between rounds; the key is the fixture's own and protects nothing. */
export const stateCodec = createRequestStateCodec<Round>({ key: "conformance-fixture-key-of-32-bytes!" });

const text = (words: string) => ({ content: [{ type: "text" as const, text: words }] });
const form = (message: string, field: string, type: "string" | "boolean" = "string") =>
  inputRequired.elicit({
    message,
    requestedSchema: {
      type: "object",
      properties: { [field]: type === "string" ? { type } : { type: "boolean" } },
      required: [field],
    },
  });
const sampling = (words: string) =>
  inputRequired.createMessage({ messages: [{ role: "user", content: { type: "text", text: words } }], maxTokens: 100 });
const given = (context: ServerContext, key: string) => acceptedContent(context.mcpReq.inputResponses, key);
const responded = (context: ServerContext, key: string): boolean =>
  inputResponse(context.mcpReq.inputResponses, key).kind !== "missing";

function addSingleRounds(server: McpServer): void {
  server.registerTool("test_input_required_result_elicitation", { description: "Asks for a name" }, (context) => {
    const answer = given(context, "user_name");
    if (typeof answer?.["name"] === "string") return text(`Hello, ${answer["name"]}!`);
    return inputRequired({ inputRequests: { user_name: form("What is your name?", "name") } });
  });
  server.registerTool("test_input_required_result_sampling", { description: "Asks the client's model" }, (context) =>
    responded(context, "capital_question")
      ? text("The model has answered.")
      : inputRequired({ inputRequests: { capital_question: sampling("What is the capital of France?") } }),
  );
  server.registerTool("test_input_required_result_list_roots", { description: "Asks for the roots" }, (context) =>
    responded(context, "client_roots")
      ? text("The roots were listed.")
      : inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } }),
  );
  server.registerTool("test_missing_capability", { description: "Needs the client's model" }, () =>
    inputRequired({ inputRequests: { question: sampling("Anything") } }),
  );
  server.registerTool("test_streaming_elicitation", { description: "Asks in a stream" }, (context) =>
    given(context, "user_name")
      ? text("Thank you.")
      : inputRequired({ inputRequests: { user_name: form("What is your name?", "name") } }),
  );
  server.registerTool(
    "test_input_required_result_capabilities",
    { description: "Asks what the client can" },
    (context) => {
      const envelope: { [CLIENT_CAPABILITIES_META_KEY]?: ClientCapabilities } = context.mcpReq.envelope ?? {};
      const can = envelope[CLIENT_CAPABILITIES_META_KEY] ?? {};
      const inputRequests = {
        ...(can.sampling && { question: sampling("Anything") }),
        ...(can.elicitation && { user_name: form("What is your name?", "name") }),
      };
      return Object.keys(inputRequests).length > 0
        ? inputRequired({ inputRequests })
        : text("This client can do nothing.");
    },
  );
}

function addStatefulRounds(server: McpServer): void {
  for (const name of ["test_input_required_result_request_state", "test_input_required_result_tampered_state"]) {
    server.registerTool(name, { description: "Keeps its state at the client" }, async (context) => {
      if (context.mcpReq.requestState<Round>() && given(context, "confirm")) return text("state-ok");
      const requestState = await stateCodec.mint({ round: 1 });
      return inputRequired({ inputRequests: { confirm: form("Please confirm", "ok", "boolean") }, requestState });
    });
  }
  server.registerTool(
    "test_input_required_result_multiple_inputs",
    { description: "Asks three things" },
    async (context) => {
      const keys = ["user_name", "greeting", "client_roots"];
      if (context.mcpReq.requestState<Round>() && keys.every((key) => responded(context, key)))
        return text("All given.");
      const requestState = await stateCodec.mint({ round: 1 });
      const inputRequests = {
        user_name: form("What is your name?", "name"),
        greeting: sampling("Generate a greeting"),
        client_roots: inputRequired.listRoots(),
      };
      return inputRequired({ inputRequests, requestState });
    },
  );
  server.registerTool("test_input_required_result_multi_round", { description: "Asks twice" }, async (context) => {
    const { round = 0 } = context.mcpReq.requestState<Round>() ?? {};
    if (round === 2 && given(context, "step2")) return text("Both rounds are done.");
    const isSecond = round === 1 && given(context, "step1") !== undefined;
    const requestState = await stateCodec.mint({ round: isSecond ? 2 : 1 });
    const inputRequests = isSecond
      ? { step2: form("Step 2: What is your favorite color?", "color") }
      : { step1: form("Step 1: What is your name?", "name") };
    return inputRequired({ inputRequests, requestState });
  });
}

/** Registers everything that needs more than one round. */
export function addRounds(server: McpServer): void {
  addSingleRounds(server);
  addStatefulRounds(server);
  server.registerPrompt("test_input_required_result_prompt", { description: "A prompt that asks" }, (context) => {
    const answer = given(context, "user_context");
    if (!answer)
      return inputRequired({ inputRequests: { user_context: form("What context should the prompt use?", "context") } });
    return { messages: [{ role: "user", content: { type: "text", text: `Context: ${JSON.stringify(answer)}` } }] };
  });
}
