/** Tests of addresses of brokers in every form that their clients take. */
import { expect, it } from "vitest";

import { readServer } from "./read-server.ts";

it.each([
  ["nats://host.example:4223", "host.example", 4223],
  ["tls://host.example", "host.example", 4222],
  ["host:1", "host", 1],
  ["10.0.0.1", "10.0.0.1", 4222],
  ["[::1]:4223", "::1", 4223],
  ["nats://[fe80::1]", "fe80::1", 4222],
  ["::1", "::1", 4222],
])("%s", (text, hostname, port) => expect(readServer(text, 4222)).toEqual({ hostname, port }));

it.each(["", "user:pw@host", "a b", "http://x/y"])("%j is no address", (text) =>
  expect(() => readServer(text, 4222)).toThrow(/no address of a broker/),
);
