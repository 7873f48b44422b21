/** Describes one source: its profile, a picture of each field, and where asked for, the contract that its records suggest. */
import { basename, extname } from "node:path";

import { AirworthyError } from "@airworthy/contract";
import type { ConfigFile, Picture, SourceContractDocument, SourceProfile } from "@airworthy/contract";

import { digestJson } from "../../kernel/canonical.ts";
import { loadDocuments } from "../registry/load-documents.ts";
import { drawCategories, drawNumbers } from "./draw-picture.ts";
import { contractsIn } from "./find-contract.ts";
import { learnContract, writeContract } from "./learn-contract.ts";
import { characterOf, sampleSource, summarize } from "./profile-source.ts";
import type { SourceSample } from "./profile-source.ts";
import type { FormedOptions } from "../../kernel/records/read-formed.ts";

export type DescribeOptions = Pick<FormedOptions, "form" | "onProgress"> & {
  /** The contract's name; without one it is that of the file. `existing` is what the new one will replace. */
  readonly learn?: { readonly name?: string; readonly existing?: ConfigFile };
};

export type SourceDescription = {
  readonly profile: SourceProfile;
  /** By field; the two columns are the same. */
  readonly pictures: Readonly<Record<string, Picture>>;
  readonly contract?: { readonly name: string; readonly version: number; readonly text: string };
};

/** @throws AirworthyError when the file cannot be read, or `existing` is something else than that contract. */
export async function profileSource(path: string, options: DescribeOptions = {}): Promise<SourceDescription> {
  const { learn, ...reading } = options;
  return describeSample(await sampleSource(path, reading), learn);
}

/** @throws AirworthyError when there is nothing to learn from, or `existing` is something else than that contract. */
export function describeSample(source: SourceSample, learn: DescribeOptions["learn"]): SourceDescription {
  const pictures = source.fields.map((field) => {
    const { role } = characterOf(field);
    const numbers = role === "measure" ? field.numbers : field.lengths;
    const isCounted = role === "category" || role === "time" || role === "identifier" || role === "empty";
    const picture =
      role === "category" ? drawCategories(field.categories, field.categories) : drawNumbers(numbers, numbers);
    return [field.name, isCounted && role !== "category" ? [] : picture] as const;
  });
  return {
    profile: summarize(source),
    pictures: Object.fromEntries(pictures),
    ...(learn === undefined ? {} : { contract: learnNext(source, learn) }),
  };
}

function learnNext(source: SourceSample, { name, existing }: NonNullable<DescribeOptions["learn"]>) {
  if (source.fields.length === 0) {
    throw new AirworthyError("invalid_input", `${source.file} has no records to learn from.`, {
      fix: "Give a sample.",
    });
  }
  const before = existing === undefined ? undefined : readBefore(existing, name);
  const chosen = name ?? before?.name ?? nameOf(source.file);
  const first = learnContract(source, { name: chosen, version: before?.version ?? 1 });
  const isSame = before === undefined || digestOf(before) === digestOf(first);
  const contract = isSame ? first : { ...first, version: first.version + 1 };
  return { name: chosen, version: contract.version, text: writeContract(contract, source) };
}

/** The version that is to be replaced. A file that holds anything else is somebody's work. */
function readBefore(existing: ConfigFile, name: string | undefined): SourceContractDocument {
  const { documents } = loadDocuments([existing]);
  const [before] = contractsIn([existing]);
  if (before !== undefined && documents.length === 1 && (name ?? before.name) === before.name) return before;
  throw new AirworthyError("conflict", `${existing.path} is there and holds something else than that contract alone.`, {
    fix: "Name another file, or the contract that it holds with --name.",
  });
}

/** Two versions are the same when they ask the same of a record. */
const digestOf = ({ fields, unlisted }: SourceContractDocument): string =>
  digestJson(JSON.parse(JSON.stringify({ fields, unlisted: unlisted ?? "refuse" })));

function nameOf(file: string): string {
  const base = basename(file, extname(file)).toLowerCase();
  const name = base.replaceAll(/[^a-z0-9._-]+/g, "-").replace(/^[^a-z0-9]+/, "");
  return name === "" ? "source" : name.slice(0, 63);
}
