/** Tests which model names are fixed and which float. */
import { describe, expect, test } from "vitest";

import { isPinnedModel } from "./model-pins.ts";

describe("isPinnedModel", () => {
  test.each([
    "gpt-4o-2024-08-06",
    "gpt-4o-mini-2024-07-18",
    "gpt-5-2025-08-07",
    "gpt-4-0613",
    "gpt-4-0125-preview",
    "o3-2025-04-16",
    "claude-sonnet-4-5-20250929",
    "claude-3-5-sonnet@20240620",
    "anthropic.claude-sonnet-4-5-20250929-v1:0",
    "us.anthropic.claude-3-haiku-20240307-v1:0",
    "claude-opus-4-6",
    "claude-sonnet-5",
    "anthropic.claude-opus-4-6-v1",
    "gemini-2.0-flash-001",
    "gemini-2.5-pro-preview-06-05",
    "gemini-2.5-flash-preview-09-2025",
    "mistral-large-2411",
    "amazon.nova-pro-v1:0",
    `llama3.3@sha256:${"a".repeat(64)}`,
    `meta-llama/Llama-3.3-70B@${"0".repeat(40)}`,
    "GPT-4o-2024-08-06",
  ])("%s is pinned", (name) => {
    expect(isPinnedModel(name)).toBe(true);
  });

  test.each([
    "",
    "latest",
    "gpt-4o",
    "gpt-4o-mini",
    "gpt-4.1",
    "gpt-5",
    "o3",
    "chatgpt-4o-latest",
    "claude-sonnet-4-5",
    "claude-3-5-sonnet",
    "claude-3-5-sonnet-latest",
    "claude-3-7-sonnet",
    "claude-opus-4",
    "gemini-2.0-flash",
    "gemini-2.5-pro",
    "gemini-flash-latest",
    "mistral-large-latest",
    "mixtral-8x7b-32768",
    "llama3.3:70b",
    "llama3.3:latest",
    "grok-4",
    "auto",
    "gpt-4o-2024-13-06",
    "gpt-4-1399",
    "gpt-4o-2024-08-06-latest",
  ])("%j floats", (name) => {
    expect(isPinnedModel(name)).toBe(false);
  });
});
