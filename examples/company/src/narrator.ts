/** Tells a person what happens, one line an event: who, what, and where to look for the reason. */
import { z } from "zod";

export const agentEvent = z.looseObject({ agent: z.string(), event: z.string() });
export type AgentEvent = z.infer<typeof agentEvent>;
export type Narrator = {
  readonly say: (line: string) => void;
  readonly agent: (event: AgentEvent) => void;
  readonly world: (event: { readonly event: string; readonly detail: string }) => void;
};

const marks: Readonly<Record<string, { readonly mark: string; readonly colour: number }>> = {
  accepted: { mark: "done    ", colour: 32 },
  changed: { mark: "CHANGED ", colour: 35 },
  reread: { mark: "reread  ", colour: 36 },
  pending: { mark: "WAITING ", colour: 33 },
  refused: { mark: "REFUSED ", colour: 31 },
  dropped: { mark: "dropped ", colour: 90 },
  unreachable: { mark: "offline ", colour: 31 },
  proposed: { mark: "proposes", colour: 90 },
};

export function createNarrator(write: (line: string) => void, { colour }: { colour: boolean }): Narrator {
  const started = performance.now();
  const paint = (text: string, code: number): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const stamp = (): string => `${((performance.now() - started) / 1000).toFixed(1).padStart(6)}s`;
  return {
    say: write,
    agent: (event) => {
      const shown = marks[event.event];
      if (!shown) return;
      write(`${stamp()}  ${paint(shown.mark, shown.colour)}  ${event.agent.padEnd(19)} ${describe(event)}`);
    },
    world: ({ event, detail }) => write(`${stamp()}  ${paint("the day ", 34)}  ${event.padEnd(19)} ${detail}`),
  };
}

function describe(event: AgentEvent): string {
  const text = (name: string): string => {
    const value = event[name];
    if (typeof value === "string") return value;
    return typeof value === "number" ? String(value) : "";
  };
  const head = [text("tool") || text("step"), text("case")].filter((part) => part !== "").join(" ");
  const tail = text("text") || text("reason") || text("note") || text("detail");
  const one = tail.replaceAll(/\s+/g, " ").trim();
  return one === "" ? head : `${head}: ${one.length > 420 ? `${one.slice(0, 419)}…` : one}`;
}
