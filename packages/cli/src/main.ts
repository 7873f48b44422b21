/** The entry of `airworthy`: the real shell, one run, its exit code. */
import { runProgram } from "./program.ts";
import { createShell } from "./shell.ts";

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

// Named here and nowhere else: the server's code is loaded only by the commands that ask for it.
const shell = createShell(() => import("@airworthy/server"));
process.exitCode = await runProgram(process.argv.slice(2), shell);
