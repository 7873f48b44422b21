/** Releases a quarantined record as a person says: brought in where it stood, or let pass in the answers of its tool. */
import {
  AirworthyError,
  type IngestConnector,
  type JsonObject,
  type Quarantined,
  type QuarantineId,
} from "@airworthy/contract";

import type { Clock, Control } from "../../kernel/deps.ts";
import { isIngesting } from "../../kernel/is-ingesting.ts";
import { readReleased } from "../../kernel/records/read-message.ts";
import type { IncomingRecord, QuarantineStore, StoredQuarantined } from "../../kernel/source-store.ts";

export type ReleaseDeps = {
  readonly quarantine: QuarantineStore;
  readonly control: Pick<Control, "view">;
  readonly clock: Pick<Clock, "now">;
};
export type ReleaseRequest = {
  readonly tenant: string;
  readonly id: QuarantineId;
  readonly by: string;
  readonly reason: string;
  /** Taken in its place. */
  readonly value: JsonObject | undefined;
};

/** @throws AirworthyError `invalid_input` when it cannot be brought in as it is, `conflict` when it was decided already. */
export async function releaseRecord(request: ReleaseRequest, deps: ReleaseDeps): Promise<Quarantined> {
  const { tenant, id, by, reason, value } = request;
  const held = await deps.quarantine.read(tenant, id);
  if (!held) throw new AirworthyError("not_found", `Nothing in quarantine has the id ${id}.`, { place: "$.id" });
  const decision = { id, verdict: "released", by, reason, amended: value !== undefined } as const;
  if (held.tool !== undefined) {
    if (value !== undefined) throw notAmendable(held.tool);
    return deps.quarantine.decide(tenant, decision);
  }
  const take = await readHeld(held, request, deps);
  return deps.quarantine.decide(tenant, { ...decision, take });
}

async function readHeld(
  held: StoredQuarantined,
  { tenant, value }: ReleaseRequest,
  { control, clock }: ReleaseDeps,
): Promise<IncomingRecord> {
  const { snapshot } = await control.view(tenant);
  const connector = snapshot.connectors[held.connector];
  if (!isIngesting(connector)) {
    throw new AirworthyError("conflict", `The live configuration has no source ${held.connector} to bring it into.`, {
      fix: "Apply a configuration with this source, or discard the record.",
    });
  }
  const record = held.record ?? onlyRecord(connector);
  if (record === undefined || (!held.readable && value === undefined)) throw unreadable(held);
  const message = messageOf(held, value);
  const taken = readReleased(snapshot, connector, {
    record,
    value: message.payload,
    message,
    batch: held.batch ?? "",
    now: clock.now,
  });
  if (!("faults" in taken)) return { ...taken, item: held.item };
  const [fault] = taken.faults;
  const why = fault === undefined ? "" : `: ${fault.field} should be ${fault.expected}, found ${fault.found}`;
  throw new AirworthyError("invalid_input", `It cannot be brought in as it is${why}.`, {
    place: "$.value",
    fix: "Release it with a corrected value, or discard it.",
  });
}

function messageOf(held: StoredQuarantined, value: JsonObject | undefined) {
  const { eventAt: time, eventKey: key, number = 1, whole } = held;
  const event = { ...(time === undefined ? {} : { time }), ...(key === undefined ? {} : { key }) };
  return { number, payload: value ?? whole, ...event };
}

const onlyRecord = ({ records }: IngestConnector): string | undefined =>
  records.length === 1 ? records[0]?.record : undefined;

function unreadable(held: StoredQuarantined): AirworthyError {
  const why = held.readable ? "Nothing says which record it is" : "It could not be read";
  return new AirworthyError("invalid_input", `${why}, so it cannot be brought in.`, {
    place: "$.value",
    fix: held.readable ? "Discard it." : "Release it with a corrected value, or discard it.",
  });
}

function notAmendable(tool: string): AirworthyError {
  return new AirworthyError("invalid_input", `It stood in an answer of ${tool}, which is read again at its source.`, {
    place: "$.value",
    fix: "Correct it at the source; or release it as it is, without a value.",
  });
}
