/** One call of a command: its flags, its streams, and the ways to answer. */
import type { Client } from "@airworthy/sdk";
import type { Command } from "commander";

import {
  findConnection,
  findDataFolder,
  openClient,
  type Connection,
  type ConnectionFlags,
  type DataFolder,
} from "./connection.ts";
import type { ExitCode } from "./exit-codes.ts";
import { Failure } from "./failure.ts";
import type { Shell } from "./shell.ts";
import { createPaint, type Paint } from "./text/paint.ts";

export type GlobalFlags = ConnectionFlags & { readonly json?: boolean };

export type Call<Options> = {
  readonly shell: Shell;
  readonly args: readonly string[];
  readonly options: Options & GlobalFlags;
  /** Whether stdout and stderr take colour; `paint` is for stdout. */
  readonly usesColour: boolean;
  readonly errUsesColour: boolean;
  readonly paint: Paint;
  /** Columns that a table may take; unlimited when stdout is no terminal. */
  readonly tableWidth: number;
  /** Columns that a page of text takes. */
  readonly pageWidth: number;
  readonly dataFolder: () => DataFolder;
  readonly connection: () => Connection;
  readonly client: () => Promise<Client>;
  /** Answers with data: the versioned envelope with --json, else the text for people. */
  readonly print: (thing: string, data: unknown, text: () => string) => void;
  /** Says something beside the data. */
  readonly note: (text: string) => void;
  /** Goes on only after a typed yes, or with --yes. */
  readonly confirm: (question: string, yes: boolean | undefined) => Promise<void>;
};

/** What commands are registered with. */
export type Cli = { readonly shell: Shell; readonly finish: (code: ExitCode) => void };

/** Makes a command's action of what it does; a returned exit code is how the process will end. */
export function act<Options extends object>(cli: Cli, run: (call: Call<Options>) => Promise<ExitCode | undefined>) {
  return async function runAction(this: Command): Promise<void> {
    const options = this.optsWithGlobals<Options & GlobalFlags>();
    const code = await run(createCall(cli.shell, this.args, options));
    if (code !== undefined) cli.finish(code);
  };
}

function createCall<Options>(shell: Shell, args: readonly string[], options: Options & GlobalFlags): Call<Options> {
  const connection = (): Connection => findConnection(options, shell);
  const coloured = options.json !== true && takesColour(shell, shell.outIsTerminal);
  return {
    shell,
    args,
    options,
    usesColour: coloured,
    errUsesColour: options.json !== true && takesColour(shell, shell.errIsTerminal),
    paint: createPaint(coloured),
    tableWidth: shell.outIsTerminal ? Math.max(40, shell.columns) : Number.POSITIVE_INFINITY,
    pageWidth: shell.outIsTerminal ? Math.min(100, Math.max(60, shell.columns)) : 80,
    dataFolder: () => findDataFolder(options, shell.cwd),
    connection,
    client: () => openClient(connection(), options, shell),
    print: (thing, data, text) => {
      shell.out(options.json === true ? envelope(thing, data) : text());
    },
    note: (text) => shell.err(`${text}\n`),
    confirm: (question, yes) => confirm(shell, question, yes),
  };
}

/** One line: a stream of them is NDJSON. Minor versions add fields; a new number breaks. */
export const envelope = (thing: string, data: unknown): string =>
  `${JSON.stringify({ schema: `airworthy.${thing}/1`, data })}\n`;

const takesColour = ({ environment }: Shell, isTerminal: boolean): boolean =>
  environment.colour === "always" || (environment.colour === "auto" && isTerminal);

async function confirm(shell: Shell, question: string, yes: boolean | undefined): Promise<void> {
  if (yes === true) return;
  if (!shell.inIsTerminal || !shell.errIsTerminal) {
    throw new Failure(
      "usage",
      "This asks for a confirmation, and there is no terminal to ask on.",
      "Repeat it with --yes.",
    );
  }
  const answer = await shell.ask(`${question} Type yes to go on: `);
  if (answer.trim() !== "yes") throw new Failure("usage", "Not confirmed; nothing was changed.");
}
