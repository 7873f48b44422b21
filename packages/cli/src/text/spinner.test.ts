/** The spinner appears late, goes without a trace, and never where nobody looks. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { withSpinner } from "./spinner.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const later = (ms: number) => () =>
  new Promise<string>((resolve) => {
    setTimeout(() => resolve("answer"), ms);
  });

async function spin(errIsTerminal: boolean, run: () => Promise<string>) {
  let written = "";
  const ended = withSpinner({ errIsTerminal, err: (text) => void (written += text) }, run);
  const [outcome] = await Promise.allSettled([ended, vi.advanceTimersByTimeAsync(1000)]);
  return { outcome, written, timers: vi.getTimerCount() };
}

describe("withSpinner", () => {
  it("turns after 300 ms, clears its line and stops", async () => {
    const { outcome, written, timers } = await spin(true, later(550));
    expect(outcome).toEqual({ status: "fulfilled", value: "answer" });
    expect(written).toBe("\r⠋ waiting for the server\r⠙ waiting for the server\r⠹ waiting for the server\r\u001B[K");
    expect(timers).toBe(0);
  });

  it("writes nothing for what is quick, and nothing without a terminal", async () => {
    expect((await spin(true, later(200))).written).toBe("");
    expect((await spin(false, later(900))).written).toBe("");
  });

  it("clears its line after a failure, too", async () => {
    const fails = () => later(400)().then(() => Promise.reject(new Error("no")));
    const { outcome, written, timers } = await spin(true, fails);
    expect(outcome.status).toBe("rejected");
    expect(written.endsWith("\r\u001B[K")).toBe(true);
    expect(timers).toBe(0);
  });
});
