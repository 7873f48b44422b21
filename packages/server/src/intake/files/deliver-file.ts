/** Brings the records of one whole file in, part after part, from where it was left. */
import { AirworthyError, type FileConnector, type SourceContractDocument } from "@airworthy/contract";

import type { Message } from "../../kernel/records/read-message.ts";
import type { SourceIntake } from "../source-driver.ts";
import { digestFile } from "./check-file.ts";
import { readFileRows, type FileRow } from "./read-file.ts";
import { isUnchanged, type FoundFile } from "./scan-folder.ts";

/** What is written with each part: after this row of this content it goes on. */
export type FilePosition = { readonly batch: string; readonly digest: string; readonly row: number };

export type FileDelivery = {
  readonly file: FoundFile;
  readonly batch: string;
  readonly digest: string;
  /** Rows that are in already. */
  readonly after: number;
  /** Files that wait behind this one. */
  readonly lag: number;
  readonly connector: FileConnector;
  readonly contract: SourceContractDocument | undefined;
  readonly intake: SourceIntake;
  readonly signal: AbortSignal;
};

const partRows = 500;

/**
 * @throws AirworthyError `conflict`, retryable, where the file was changed while it was read: what was taken stays, and the changed
 * file is judged anew.
 */
export async function deliverFile(delivery: FileDelivery): Promise<void> {
  const { file, digest, after, connector, contract, signal } = delivery;
  let waiting: Message[] = [];
  let row = after;
  const flush = async (more: boolean): Promise<void> => {
    signal.throwIfAborted();
    if (!(await isUnchanged(file))) throw changed(file);
    const messages = waiting;
    waiting = [];
    const position: FilePosition = { batch: delivery.batch, digest, row };
    const batch = { id: delivery.batch, origin: file.name, digest, asOf: file.asOf };
    const { lag, intake } = delivery;
    await intake.deliver({ batch, messages, position: JSON.stringify(position), more, lag });
  };
  await readFileRows(
    file.path,
    { connector, contract },
    {
      row: (one) => {
        if (one.number <= after) return;
        waiting.push(toMessage(one, file));
        row = one.number;
      },
      trailer: () => undefined,
      drain: () => (waiting.length >= partRows ? flush(true) : undefined),
    },
  );
  // A file can be changed without a trace in its size and time; its content tells.
  if ((await digestFile(file.path)) !== digest) throw changed(file);
  await flush(false);
}

function changed({ name }: FoundFile): AirworthyError {
  return new AirworthyError("conflict", `${name} was changed while it was read.`, {
    retryable: true,
    fix: "Have files put there whole: write under another name, then rename.",
  });
}

function toMessage(row: FileRow, { name, asOf }: FoundFile): Message {
  const { number } = row;
  if ("value" in row) return { number, type: name, time: asOf, payload: row.value };
  // No store keeps U+0000 in a text.
  return { number, type: name, time: asOf, unreadable: row.unreadable.replaceAll("\0", "\ufffd"), why: row.why };
}
