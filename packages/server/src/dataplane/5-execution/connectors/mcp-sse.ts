/** Server-sent events as MCP uses them: bytes in, the data of each whole event out. */

export type SseReader = { readonly push: (chunk: Buffer) => readonly string[] };

const border = /\r\n\r\n|\n\n|\r\r/;

function dataOf(event: string): string | undefined {
  const lines: string[] = [];
  for (const line of event.split(/\r\n|\n|\r/)) {
    if (line === "data") lines.push("");
    else if (line.startsWith("data:")) lines.push(line.slice(line[5] === " " ? 6 : 5));
  }
  return lines.length > 0 ? lines.join("\n") : undefined;
}

/** Reads events across chunk borders. Comments, ids and event names are dropped; throws on bytes that are not UTF-8. */
export function createSseReader(): SseReader {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let parts: string[] = [];
  let tail = "";
  return {
    push(chunk) {
      const text = decoder.decode(chunk, { stream: true });
      parts.push(text);
      // A large event comes in many chunks: join them once, when a border shows, not at each chunk.
      const hasBorder = border.test(tail + text);
      tail = (tail + text).slice(-3);
      if (!hasBorder) return [];
      const events = parts.join("").split(border);
      parts = [events.pop() ?? ""];
      tail = parts.join("").slice(-3);
      return events.map((event) => dataOf(event)).filter((data) => data !== undefined);
    },
  };
}
