/** The port to what the store keeps of data classes: which values carry which class, and what tokens stand for. */
import type { Json } from "@airworthy/contract";

/** What a token stands for, or when that was erased (epoch ms). */
export type TokenMeaning = { readonly class: string } & ({ readonly value: Json } | { readonly erasedAt: number });

export type ClassStore = {
  /** The classes that values of these forms were declared to be of, anywhere in this tenant. Absent forms carry none. */
  readonly carried: (tenant: string, forms: readonly string[]) => Promise<ReadonlyMap<string, readonly string[]>>;
  /** Resolves when it is kept: nobody may hear the value before. */
  readonly remember: (
    tenant: string,
    values: readonly { readonly form: string; readonly class: string }[],
  ) => Promise<void>;
  /** One token for each; the same class and value give the same token, always. Resolves when they can be revealed. */
  readonly tokenise: (
    tenant: string,
    values: readonly { readonly class: string; readonly value: Json }[],
  ) => Promise<readonly string[]>;
  /** Those of the tokens that this tenant has. */
  readonly reveal: (tenant: string, tokens: readonly string[]) => Promise<ReadonlyMap<string, TokenMeaning>>;
};
