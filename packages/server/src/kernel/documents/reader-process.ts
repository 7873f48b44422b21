/** The process in which documents are read: one after the other, with a limit to what each may take of memory. */
import { Worker } from "node:worker_threads";

import type { DocumentJob } from "./document.ts";
import { readDocument } from "./read-document.ts";

/** One buffer, and all large ones of a document together. A heap limit does not see them. */
const bufferMax = 256 * 1024 * 1024;
const buffersMax = 1024 * 1024 * 1024;
const largeFrom = 64 * 1024;

let spent = 0;

function guard<T extends object>(constructor: T): T {
  return new Proxy(constructor, {
    construct: (target, args: unknown[], newTarget) => {
      const [size] = args;
      if (typeof size === "number" && size >= largeFrom) {
        spent += size;
        if (size > bufferMax || spent > buffersMax) throw new RangeError("too large");
      }
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every one of them is a constructor
      return Reflect.construct(target as unknown as new () => object, args, newTarget) as object;
    },
  });
}

// The library unpacks into these; the platform's own unpacking knows no limit.
globalThis.Uint8Array = guard(Uint8Array);
globalThis.ArrayBuffer = guard(ArrayBuffer);
Reflect.deleteProperty(globalThis, "DecompressionStream");
// Whatever a document makes it think of, it reaches nobody.
Reflect.deleteProperty(globalThis, "fetch");
Reflect.deleteProperty(globalThis, "WebSocket");

// Whoever started this may have been killed while a document keeps this thread from noticing.
const orphanage = `const { ppid } = process;
setInterval(() => { if (process.ppid !== ppid) process.kill(process.pid, "SIGKILL"); }, 1000);`;
new Worker(orphanage, { eval: true }).unref();
process.once("disconnect", () => process.exit());
// They are meant for whoever started this, who ends it when it is ready to: a document must not look like the one that did.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

process.on("message", (jobs: readonly DocumentJob[]) => void readAll(jobs).then((read) => process.send?.(read)));

async function readAll(jobs: readonly DocumentJob[]): Promise<unknown[]> {
  const read: unknown[] = [];
  for (const job of jobs) {
    spent = 0;
    // oxlint-disable-next-line no-await-in-loop -- one document in memory at a time
    read.push(await readDocument(job));
  }
  return read;
}

process.send?.("ready");
