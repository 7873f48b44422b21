/** The two MCP tools that the benchmarks call: one declared as a write, one as a read; both answer what they are given. */
export const info = { name: "bench", version: "1.0.0" };
export const revision = "2026-07-28";

const inputSchema = { type: "object", properties: { text: { type: "string" } }, required: ["text"] };
export const echo = { name: "echo", description: "Echoes", inputSchema };
export const look = { name: "look", description: "Echoes, and changes nothing", inputSchema };
