/** A file that is written line by line, made only when there is a line, readable by its owner alone, and never in place of another. */
import { closeSync, existsSync, openSync, writeSync } from "node:fs";

import { AirworthyError } from "@airworthy/contract";

export type LineFile = {
  readonly write: (line: string) => void;
  readonly close: () => void;
  readonly isWritten: () => boolean;
};

const bufferedMax = 64 * 1024;

/** @throws AirworthyError `conflict` where there is such a file already, `invalid_input` on writing where it cannot be made. */
export function createLineFile(path: string): LineFile {
  if (existsSync(path)) {
    throw new AirworthyError(
      "conflict",
      `There is already a file ${path}; it may hold records that wait for somebody.`,
      {
        fix: "Name another file, or move that one away.",
      },
    );
  }
  let file: number | undefined;
  let waiting = "";
  const flush = (): void => {
    if (waiting === "") return;
    file ??= openFile(path);
    writeSync(file, waiting);
    waiting = "";
  };
  return {
    write: (line) => {
      waiting += `${line}\n`;
      if (waiting.length > bufferedMax) flush();
    },
    close: () => {
      flush();
      if (file !== undefined) closeSync(file);
    },
    isWritten: () => file !== undefined,
  };
}

function openFile(path: string): number {
  try {
    return openSync(path, "wx", 0o600);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "unknown cause";
    throw new AirworthyError("invalid_input", `${path} cannot be written (${why}).`, {
      cause,
      fix: "Name another file, in a folder that exists.",
    });
  }
}
