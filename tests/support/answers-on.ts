/** Whether a server that was started answers on its port of the loopback. */
import { connect } from "node:net";

/** `sign`: it greets whoever connects before any login or TLS, or it only accepts. */
export function answersOn(port: number, sign: "greets" | "accepts"): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once(sign === "greets" ? "data" : "connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
  });
}
