/** Collects messages as they come into parts: whole when nothing more is there, or when enough is. */
import type { Message } from "../../kernel/records/read-message.ts";

export type Part = {
  readonly messages: readonly Message[];
  readonly bytes: number;
};
export type Collector = {
  /** True when what is collected should be written now. `more`: the broker has further messages at hand. */
  readonly add: (message: Message, size: { readonly bytes: number; readonly more: boolean }) => boolean;
  readonly take: () => Part;
};

const messagesMax = 500;
const bytesMax = 4 * 1024 * 1024;

export function createCollector(): Collector {
  let messages: Message[] = [];
  let bytes = 0;
  return {
    add: (message, size) => {
      messages.push(message);
      bytes += size.bytes;
      return !size.more || messages.length >= messagesMax || bytes >= bytesMax;
    },
    take: () => {
      const part = { messages, bytes };
      messages = [];
      bytes = 0;
      return part;
    },
  };
}
