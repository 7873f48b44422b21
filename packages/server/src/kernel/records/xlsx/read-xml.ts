/** Reads XML as a stream of elements and texts, without entities, document types or any look at other files. */
import sax from "sax";

export type XmlTaker = {
  /** Names come without their prefix. */
  readonly open: (name: string, attributes: Readonly<Record<string, string>>) => void;
  readonly text?: (text: string) => void;
  readonly close?: (name: string) => void;
};

/** A failure of the document, not of ours. */
export class XmlError extends Error {
  override name = "XmlError";
}

const depthMax = 64;
/** Of one element. They are held in memory all at once, and no program writes as many. */
const attributesMax = 256;

/** `drain` is awaited after each chunk. @throws XmlError where it is no well-formed XML in UTF-8. */
export async function readXml(
  chunks: AsyncIterable<Buffer>,
  taker: XmlTaker,
  drain?: () => Promise<void> | undefined,
): Promise<void> {
  const parser = createParser(taker);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decode = (chunk?: Buffer): string => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch {
      throw new XmlError("it is not UTF-8");
    }
  };
  for await (const chunk of chunks) {
    parser.write(decode(chunk));
    // oxlint-disable-next-line no-await-in-loop -- the next chunk is read when there is room for it
    await drain?.();
  }
  parser.write(decode()).close();
}

function createParser({ open, text, close }: XmlTaker): sax.SAXParser {
  const parser = sax.parser(true, { position: false });
  let depth = 0;
  let attributes = 0;
  const refuse = (why: string) => (): never => {
    throw new XmlError(why);
  };
  return Object.assign(parser, {
    onerror: ({ message }: Error) => refuse(message.split("\n", 1)[0] ?? "it is not well-formed")(),
    ondoctype: refuse("it has a document type"),
    onsgmldeclaration: refuse("it has declarations"),
    onopentagstart: () => {
      attributes = 0;
    },
    onattribute: () => {
      attributes += 1;
      if (attributes > attributesMax) throw new XmlError(`an element has more than ${attributesMax} attributes`);
    },
    onopentag: (tag: sax.Tag | sax.QualifiedTag) => {
      depth += 1;
      if (depth > depthMax) throw new XmlError("it is nested too deep");
      open(localOf(tag.name), readAttributes(tag.attributes));
    },
    onclosetag: (name: string) => {
      depth -= 1;
      close?.(localOf(name));
    },
    ...(text === undefined ? {} : { ontext: text, oncdata: text }),
  });
}

const localOf = (name: string): string => name.slice(name.indexOf(":") + 1);

function readAttributes(attributes: Readonly<Record<string, string | sax.QualifiedAttribute>>): Record<string, string> {
  const read: Record<string, string> = {};
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "string") read[name] = value;
  }
  return read;
}
