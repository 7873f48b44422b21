/** Operations on business objects: what was done to one, and what a person puts on record about it. */
import { AirworthyError } from "@airworthy/contract";

import type { EntityStore } from "../../kernel/control-store.ts";
import type { Handlers } from "./handlers.ts";

const defaultLimit = 50;

export function createEntityHandlers({
  entities,
}: {
  readonly entities: EntityStore;
}): Handlers<"readEntity" | "noteEntity"> {
  return {
    readEntity: async ({ entity, before, limit = defaultLimit }, { principal }) => {
      const record = await entities.read(principal.tenant, { entity, before, limit });
      if (record) return record;
      throw new AirworthyError("not_found", `Nothing was ever done to ${entity} through here.`, {
        place: "$.entity",
        fix: "Write it as its tools name it, type:id, such as invoice:4711.",
      });
    },
    noteEntity: (note, { principal }) => entities.note(principal.tenant, { note, by: principal.name }),
  };
}
