/** Checks what a tool says of its own effect: reversibility, idempotency and pin. */
import { report, reportTool } from "./link-index.ts";
import type { LinkedTool, LinkIndex } from "./link-index.ts";

export function linkTools(index: LinkIndex): void {
  for (const linked of index.tools.values()) {
    linkEffect(index, linked);
    linkIdempotency(index, linked);
    linkPin(index, linked);
  }
}

function linkEffect(index: LinkIndex, linked: LinkedTool): void {
  const { name, effect, reversibility, idempotency, probe } = linked.tool;
  const isReadOnly = reversibility === "read_only";
  if (reversibility !== undefined && isReadOnly !== (effect === "read")) {
    const message = `${name} is a ${effect} and says its reversibility is ${reversibility}`;
    const hint =
      effect === "read"
        ? "remove reversibility, or make it a write"
        : "a write is reversible, externally_reversible or irreversible";
    reportTool(index, { code: "AW1211", linked, path: ["reversibility"] }, { message, hint });
  }
  if (effect === "read") return;
  if (reversibility === undefined) {
    const message = `${name} does not say whether it can be taken back; it is treated as irreversible`;
    reportTool(
      index,
      { code: "AW1209", linked, path: ["name"] },
      { message, hint: "add reversibility: reversible, externally_reversible or irreversible" },
    );
  }
  if (idempotency !== undefined || probe !== undefined) return;
  const message = `${name} has neither idempotency nor probe: an interrupted effect will be unknown until a person looks`;
  reportTool(
    index,
    { code: "AW1210", linked, path: ["name"] },
    { message, hint: "declare how the system recognises a repeat, or a read that tells whether it happened" },
  );
}

function linkIdempotency(index: LinkIndex, linked: LinkedTool): void {
  const { idempotency } = linked.tool;
  if (idempotency === undefined) return;
  const at = { code: "AW1215", linked, path: ["idempotency"] } as const;
  if ((idempotency.header === undefined) === (idempotency.argument === undefined)) {
    reportTool(index, at, {
      message: "idempotency needs either a header or an argument",
      hint: "for example header: Idempotency-Key",
    });
    return;
  }
  const { document } = linked.connector;
  const sendsHeaders = document.type === "http" || (document.type === "mcp" && document.url !== undefined);
  if (idempotency.header === undefined || sendsHeaders) return;
  reportTool(
    index,
    { ...at, path: ["idempotency", "header"] },
    {
      message: `connector ${document.name} sends no headers with a call`,
      hint: "name the argument that carries the key",
    },
  );
}

function linkPin(index: LinkIndex, linked: LinkedTool): void {
  const { connector, tool } = linked;
  if (connector.document.type !== "mcp" || "pin" in tool) return;
  const place = connector.locate([...linked.path, "name"]);
  const message = `unpinned tool ${tool.name}: its server could change what it says or does without anybody noticing`;
  const hint = `run: airworthy tools pin ${connector.document.name}`;
  report(index, { code: "AW1212", file: connector.file, place }, { message, hint });
}
