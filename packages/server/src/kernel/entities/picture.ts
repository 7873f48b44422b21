/** The picture of a business object: what stands of all that was done to it, small enough to be read at every look. */
import type { EntityEffect, EntityNet } from "@airworthy/contract";

/** `seq` is the version of the business object that the effect made. */
export type PictureEffect = EntityEffect & { readonly seq: number };
export type Net = Omit<EntityNet, "currency">;

/** `effects` in the order in which they came. `truncated`: more stood than is kept. */
export type Picture = {
  readonly effects: readonly PictureEffect[];
  readonly net: Readonly<Record<string, Net>>;
  readonly truncated: boolean;
};

export const emptyPicture: Picture = { effects: [], net: {}, truncated: false };

/** The effect as it is shown: its place in the order is ours. */
export function toShown<T extends PictureEffect>(effect: T): Omit<T, "seq"> {
  const { seq, ...shown } = effect;
  void seq;
  return shown;
}
