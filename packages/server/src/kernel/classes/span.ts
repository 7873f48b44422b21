/** A stretch of a text that is of a data class. `from` and `to` count UTF-16 units; `to` is the first after it. */
export type Span = { readonly class: string; readonly from: number; readonly to: number };
