/** `airworthy recall receipt`: what became of everything in a recall, signed; written to a file or checked. */
import type { RecallReceipt } from "@airworthy/contract";
import type { Command } from "commander";
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

import { act, type Call, type Cli } from "../call.ts";
import { Failure } from "../failure.ts";
import { withExamples } from "../help.ts";
import { readId } from "../ids.ts";
import { renderReceipt } from "../render/recalls.ts";

type Options = { readonly out?: string; readonly check?: string; readonly ledgerPub?: string };

export function addRecallReceipt(parent: Command, cli: Cli): void {
  const command = parent
    .command("receipt")
    .summary("the signed receipt of a recall")
    .description(
      "Show the receipt of a recall that has ended, write it down as it was signed, or check one offline with the ledger's public key.",
    )
    .argument("[recall]", "the recall's id")
    .option("-o, --out <file>", "write the signed receipt here")
    .option("--check <file>", "check this receipt offline instead of asking the server")
    .option("--ledger-pub <file>", "with --check: the ledger's public key; else keys/ledger.pub of the data folder")
    .action(act<Options>(cli, runReceipt));
  withExamples(command, [
    "airworthy recall receipt rcl_0190a0b0c0d07000800000000000abcd -o receipt.txt",
    "airworthy recall receipt --check receipt.txt --ledger-pub ledger.pub",
  ]);
}

async function runReceipt(call: Call<Options>): Promise<undefined> {
  const { out, check } = call.options;
  if (check !== undefined) {
    print(call, await checkFile(call, check));
    call.note("the signature is good");
    return undefined;
  }
  const id = readId("rcl", call.args[0]);
  const { receipt, note } = await (await call.client()).readRecallReceipt({ id });
  print(call, receipt);
  if (out !== undefined) {
    write(resolve(call.shell.cwd, out), note);
    call.note(`written to ${out}; anyone with keys/ledger.pub checks it with: airworthy recall receipt --check ${out}`);
  }
  return undefined;
}

function print(call: Call<Options>, receipt: RecallReceipt): void {
  const look = { paint: call.paint, width: call.tableWidth, now: call.shell.now() };
  call.print("receipt", receipt, () => renderReceipt(receipt, look));
}

async function checkFile(call: Call<Options>, file: string): Promise<RecallReceipt> {
  const server = await call.shell.loadServer();
  const key = call.options.ledgerPub ?? `${call.dataFolder().path}/keys/ledger.pub`;
  return server.checkReceipt(read(call, file), read(call, key));
}

function read(call: Call<Options>, file: string): string {
  try {
    return readFileSync(resolve(call.shell.cwd, file), "utf8");
  } catch {
    throw new Failure(
      "usage",
      `${file} cannot be read.`,
      "Name the receipt, and with --ledger-pub the ledger's public key.",
    );
  }
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text, { mode: 0o600 });
  } catch (error) {
    const cause = error instanceof Error ? error.message : "unknown cause";
    throw new Failure(
      "usage",
      `The receipt could not be written (${cause}).`,
      "Give -o a file in a folder that exists.",
    );
  }
}
