/** The type that ties the table to its handlers: an operation without one does not compile. */
import type { Input, Operation, Output } from "@airworthy/contract";

import type { Principal, Sink } from "../../kernel/action-walk.ts";

/** What a handler knows of its caller. `onDelivered` runs once the answer has left for the network. */
export type Caller = {
  readonly principal: Principal;
  readonly sink: Sink;
  readonly onDelivered: (work: () => void) => void;
};
export type Handlers<O extends Operation = Operation> = {
  readonly [K in O]: (input: Input<K>, caller: Caller) => Promise<Output<K>>;
};
