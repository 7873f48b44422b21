/** Operations on classed data: a token is turned back for a role that may, at a limited rate, or its value erased. */
import { AirworthyError } from "@airworthy/contract";

import type { ClassStore } from "../../kernel/classes/class-store.ts";
import type { Erasure } from "../../kernel/classes/erasure.ts";
import type { RevealLog } from "../../kernel/control-store.ts";
import type { Control } from "../../kernel/deps.ts";
import type { Handlers } from "./handlers.ts";
import { mayReveal } from "./may-reveal.ts";

export type DataHandlerDeps = {
  readonly control: Control;
  readonly tokens: Pick<ClassStore, "reveal">;
  readonly reveals: RevealLog;
  readonly erasure: Erasure;
};
export type DataOperation = "revealToken" | "eraseTokens";

export function createDataHandlers({ control, tokens, reveals, erasure }: DataHandlerDeps): Handlers<DataOperation> {
  return {
    revealToken: async ({ token, reason }, { principal }) => {
      const { tenant, name: by } = principal;
      const { snapshot } = await control.view(tenant);
      const known = (await tokens.reveal(tenant, [token])).get(token);
      // To whom may not, a token that there is and one that there is not are the same.
      if (!known || !mayReveal(principal, known.class, snapshot.dataClasses)) throw noSuchToken();
      if (!("value" in known)) throw erased(known.erasedAt);
      // First the record, then the value: nobody learns it unrecorded.
      await reveals.note(tenant, { token, class: known.class, by, reason });
      return { token, class: known.class, value: known.value };
    },
    eraseTokens: ({ tokens: asked, reason }, { principal }) =>
      erasure.erase(principal.tenant, { tokens: asked, by: principal.name, reason }),
  };
}

function noSuchToken(): AirworthyError {
  return new AirworthyError("not_found", "There is no such token, or your roles may not reveal its class.", {
    place: "$.token",
    fix: "Copy it whole, from tok_ on; the DataClass document of its class names the roles under `reveal` (default: admin).",
  });
}

function erased(atMs: number): AirworthyError {
  const at = new Date(atMs).toISOString();
  return new AirworthyError("conflict", `What this token stands for was erased at ${at}.`, {
    place: "$.token",
    fix: "Look for it at its source, if it is still there; the ledger says who erased it, and why.",
  });
}
