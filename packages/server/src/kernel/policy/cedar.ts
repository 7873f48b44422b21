/** Cedar, made safe to call often: the only file that imports its functions. */
import { setFlagsFromString } from "node:v8";

// V8 of Node 20 aborts the whole process ("unreachable code") when an optimised caller of a wasm function that returns
// a reference is deoptimised during the call. Cedar's functions are such, and a hot engine comes to it in minutes.
// Without inlining of those calls it cannot happen. Harmless where V8 does not know the flag or has repaired it.
setFlagsFromString("--no-turbo-inline-js-wasm-calls");

export {
  policyToJson,
  preparsePolicySet,
  preparseSchema,
  statefulIsAuthorized,
  validate,
} from "@cedar-policy/cedar-wasm/nodejs";
