/** Money as people read it: `€1,200.00`, `¥1,200`. */

/** Minor units and their currency; one that is not known has two digits. */
export function amountText({ minor, currency }: { readonly minor: number; readonly currency: string }): string {
  const value = new Intl.NumberFormat("en-GB", { style: "currency", currency });
  const digits = value.resolvedOptions().maximumFractionDigits ?? 2;
  return value.format(minor / 10 ** digits);
}
