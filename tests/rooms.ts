/** Who may import whom. ARCHITECTURE.md draws this table; tidy.test.ts enforces it. */
const rooms = ["1-context", "2-planning", "3-checkpoint", "4-oversight", "5-execution", "6-feedback"];
const roomAreas = rooms.map((room) => `server/dataplane/${room}`);

export const areas: Readonly<Record<string, readonly string[]>> = {
  contract: [],
  "server/kernel": ["contract"],
  ...Object.fromEntries(roomAreas.map((room) => [room, ["contract", "server/kernel"]])),
  "server/dataplane": ["contract", "server/kernel", ...roomAreas],
  "server/controlplane": ["contract", "server/kernel"],
  "server/store": ["contract", "server/kernel"],
  "server/intake": ["contract", "server/kernel"],
  // The MCP door speaks the protocol whose client half is a connector; the wire vocabulary is shared.
  "server/doors": [
    "contract",
    "server/kernel",
    "server/dataplane",
    "server/controlplane",
    "server/intake",
    "server/dataplane/5-execution",
  ],
  server: [
    "contract",
    "server/kernel",
    "server/dataplane",
    ...roomAreas,
    "server/controlplane",
    "server/intake",
    "server/store",
    "server/doors",
  ],
  sdk: ["contract"],
  // `start`, `check`, `verify` and `tools pin` work without a running server, so they carry one.
  cli: ["contract", "sdk", "server"],
};
