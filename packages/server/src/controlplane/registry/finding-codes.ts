/** Every code a configuration check can report, with its severity, meaning and fix; codes never change their meaning. */
import type { Finding } from "@airworthy/contract";

import type { Place } from "./place.ts";

type CodeEntry = { readonly severity: Finding["severity"]; readonly meaning: string; readonly fix: string };

const error = (meaning: string, fix: string): CodeEntry => ({ severity: "error", meaning, fix });
const warning = (meaning: string, fix: string): CodeEntry => ({ severity: "warning", meaning, fix });

export const findingCodes = {
  AW1001: error("The file is not of a kind that configuration has.", "Use .yaml, .yml, .test.yaml or .cedar."),
  AW1002: error(
    "A file, or the whole folder, is larger than the limit.",
    "Split it, or remove what is not configuration.",
  ),
  AW1003: error("The text is not valid YAML 1.2.", "Correct the syntax at the marked place."),
  AW1004: error("Aliases expand to too much, or nesting is too deep.", "Write the values out."),
  AW1005: error("A key is written twice in one map.", "Keep one of the two."),
  AW1006: error(
    "A value that JSON cannot carry.",
    "Use text, safe integers, finite numbers, true, false, null, lists and maps.",
  ),
  AW1007: error("A document is not a map.", "Begin with `apiVersion: airworthy/v1` and `kind:`."),
  AW1008: error(
    "`kind` is missing or unknown.",
    "Use Agent, Connector, Person, Team, Budget, SourceContract, DataClass, DataRule, Agreement, Issuer or RecallPolicy.",
  ),
  AW1009: error("An unknown key.", "Correct its spelling or remove it."),
  AW1010: error("A required key is missing.", "Add it; the hint shows an example."),
  AW1011: error("A value of the wrong type.", "Write a value of the type that the message names."),
  AW1012: error("A value outside the allowed ones.", "Choose one of the values that the message lists."),
  AW1013: error("A value of the right type whose form or size is wrong.", "Follow the form that the message names."),
  AW1014: error("A value that fits none of the alternatives.", "Write one of the forms that the message names."),
  AW1015: error("Two documents, or two tools, share a name.", "Rename or remove one of the two."),
  AW1016: error("Two files have the same path.", "Pass each file once."),
  AW1017: error("A name that JavaScript reserves, such as `constructor`.", "Choose another name."),

  AW1101: error("An agent's owner is not a Person.", "Name a Person who answers for the agent."),
  AW1102: error("An agent lists a tool that no connector declares.", "Correct the name or declare the tool."),
  AW1103: error("A team member is not a Person.", "Correct the name or add the Person."),
  AW1104: error("A budget names an agent that does not exist.", "Correct the name."),
  AW1105: error("A budget names a tool that no connector declares.", "Correct the name."),
  AW1106: error(
    "`lookup`, `probe`, `compensate` or `notice` names a tool that no connector declares.",
    "Correct the name or declare the tool.",
  ),
  AW1107: warning("A name is listed twice.", "Remove one of the two."),

  AW1201: error("A path or template that cannot be read.", "Use $ or @, then .name, ['name'], [0] or, in each, [*]."),
  AW1202: error(
    "A path begins with an argument that the tool does not have.",
    "Correct the path or add the argument to `input`.",
  ),
  AW1203: error("`input` is not a valid JSON Schema (2020-12, strict).", "Correct the schema at the marked place."),
  AW1204: error("`input` does not describe an object.", "Write `type: object` with `properties`."),
  AW1205: error(
    "A {placeholder} of the request path is not an argument.",
    "Correct the name or add the argument to `input`.",
  ),
  AW1206: error("An argument in the request path is not required.", "List it under `required`."),
  AW1207: error(
    "`query` or `body` sends an argument that the tool does not have.",
    "Correct the name or add it to `input`.",
  ),
  AW1208: error("A :parameter of the SQL statement is not an argument.", "Correct the name or add it to `input`."),
  AW1209: warning("A write without `reversibility`; it is treated as irreversible.", "State the reversibility."),
  AW1210: warning(
    "A write with neither `idempotency` nor `probe`: an interrupted effect will be unknown.",
    "Declare one of the two, or be ready to resolve such effects by hand.",
  ),
  AW1211: error("`effect` and `reversibility` contradict each other.", "A read is read_only and a write is not."),
  AW1212: error(
    "An MCP tool without `pin`: its server could change it unseen.",
    "Run `airworthy tools pin CONNECTOR` and review the definition.",
  ),
  AW1213: error(
    "A ${NAME} placeholder or the name of an environment variable is malformed.",
    "Write ${NAME} with capital letters, digits and underscores.",
  ),
  AW1214: error("An MCP connector needs exactly one of `url` and `command`.", "Keep one of the two."),
  AW1215: error(
    "`idempotency` does not fit the connector.",
    "Use `header` where calls go over HTTP, else `argument`; name one.",
  ),
  AW1216: error("The SQL text is not one statement.", "Declare one tool for each statement."),
  AW1217: error("An argument's type in `input` does not fit its use.", "Change the type in `input`, or the facet."),
  AW1218: error("An address that cannot be one.", "Write an http or https URL, or a ${NAME} that holds one."),
  AW1219: warning(
    "A facet whose argument may be absent has no default: such calls are denied.",
    "Require the argument, or give the facet a default.",
  ),
  AW1220: error(
    "An expression under `computed` that cannot be read, or has another type.",
    "Correct it at the named place.",
  ),
  AW1221: error(
    "An expression reads an argument, a fact or a computed value that is not declared (computed values: above it).",
    "Correct the name, or declare what it reads.",
  ),

  AW1301: error("A fact is looked up with a tool that writes.", "Name a tool whose effect is read."),
  AW1302: error(
    "The lookup tool does not yield the fact.",
    "Add the fact to the tool's `yields`, or name another tool.",
  ),
  AW1303: error("`with` gives an argument that the tool does not have.", "Correct the name."),
  AW1304: error("`with` leaves out an argument that the tool requires.", "Add it."),
  AW1305: error("A fact has two types.", "Give it one type wherever it is yielded."),
  AW1306: error(
    "A yielded fact has neither `asOf` nor `authoritative`: it could never be used.",
    "Say where its age stands, or that the source is authoritative.",
  ),
  AW1307: warning(
    "The lookup tool is not authoritative for the fact: looking again may not help.",
    "Look the fact up where it is kept.",
  ),
  AW1308: error("A probe must be a read.", "Name a tool whose effect is read."),
  AW1309: error("A compensation must be a write.", "Name the tool that takes the effect back."),
  AW1310: error(
    "A budget covers a tool without `amount`: nothing would ever be counted.",
    "Declare the tool's `amount`.",
  ),
  AW1311: error("`yields` stands on a tool that writes.", "Facts come from reads: move it to a read tool."),
  AW1312: error(
    "A rule of `rests_on` reads a fact that no other rule brings, or two rules wait for each other.",
    "Add a rule that brings the fact, and let no two need each other.",
  ),
  AW1313: error(
    "A fact is brought once for the action and once for each item of a list.",
    "Use `each` in all rules for this fact, or in none.",
  ),

  AW1401: error("A floating model name: the provider can change what it means.", "Name a dated or numbered snapshot."),
  AW1402: error(
    "A secret stands in the document.",
    "Refer to it with `env` or `file`, and change the secret: it has been written down.",
  ),

  AW1500: error("A policy is refused for a reason without a code of its own.", "See the message."),
  AW1501: error("A policy that is not valid Cedar.", "Correct the syntax at the marked place."),
  AW1502: error(
    "A policy that Cedar's strict validator refuses.",
    "Use only attributes that the tool declares, with their types.",
  ),
  AW1503: error("A policy without @id.", 'Begin it with @id("its-name").'),
  AW1504: error("Two policies share an @id.", "Rename one of the two."),
  AW1505: error("An annotation that means nothing here.", "Use one that write-a-policy.md lists."),
  AW1506: error("An annotation where it has no meaning.", "Move or remove it."),
  AW1507: error("An annotation with a value that it does not take.", "Follow the example in the hint."),
  AW1508: error(
    "A forbid asks for an approval and does not name the approver.",
    'Add @approver("team"), one team for each forbid.',
  ),
  AW1509: error(
    "@approver promises an exception that no condition makes.",
    'Add unless { context.env.approvals.contains("team") }.',
  ),
  AW1510: error(
    "context.env.approvals is used in another way than contains.",
    'Write context.env.approvals.contains("team").',
  ),
  AW1511: error(
    "context.env.approvals stands where a yes could take a right away.",
    "Use it in unless of a forbid, or positively.",
  ),
  AW1512: error(
    "A forbid that is silent where a value is missing (`has`).",
    "Remove the guard: a missing value is a deny anyway.",
  ),
  AW1513: error("context or context.env is used as a whole.", "Name the attribute that is meant."),
  AW1514: error("A policy template.", "Write the entity itself."),
  AW1515: error("A policy too deep or too long to be evaluated safely.", "Split it, or test membership of a set."),
  AW1516: error("A policy file larger than the limit.", "Split it."),
  AW1517: error("More policies than the limit.", "Remove some, or say several with one."),
  AW1518: error("A policy names an approver team that does not exist.", "Add the Team, or correct the name."),
  AW1519: error("A policy names a tool that no connector declares.", "Correct the name."),
  AW1520: error("A policy names a connector that does not exist.", "Correct the name."),
  AW1521: error("A tool that cannot be described to Cedar.", "Rename the tool, facet or fact that the message names."),
  AW1522: error("The policies could not be checked in time.", "Remove or simplify the latest policy."),
  AW1530: error("A policy test fails.", "Correct the policy, or the expectation."),
  AW1531: error("A policy test cannot be read.", "Follow the form in write-a-policy.md."),

  AW1701: error("`touches` or `outcome` stands on a tool that reads.", "A read leaves nothing behind: remove it."),
  AW1702: error("`outcome` on a tool without `entity`.", "Declare the business object that the call is about."),
  AW1703: error("`flow` on a tool without `amount`.", "Declare the amount that flows, or remove `flow`."),
  AW1704: warning("A state that no tool leaves behind.", "Correct the name; a person may still put it on record."),
  AW1705: error("An outcome contradicts or ends its own state.", "Remove the state from `contradicts` or `ends`."),
  AW1706: error("A business object is named twice.", "Remove one of the two."),
  AW1707: warning(
    "A write has an `amount` and an `outcome` without `flow`: it is in no business object's net.",
    "Say flow: in or flow: out.",
  ),

  AW1601: error("A source contract lists a field twice.", "Keep one of the two."),
  AW1602: error("A range ends below its beginning.", "Exchange `min` and `max`."),
  AW1603: error("An allowed value that the field can never hold.", "Give it the field's type and range, or remove it."),
  AW1604: error(
    "A limit that the field's type does not have.",
    "Use `range` for numbers, `maxLength` for text and lists.",
  ),
  AW1605: error(
    "`requires_ready` names a SourceContract that does not exist.",
    "Correct the name, or remove it from `requires_ready`.",
  ),
  AW1606: error(
    "`requires_ready` names a SourceContract that is not watched.",
    "Give the contract `watch`: without it nothing is ever found, and nothing ever refused.",
  ),

  AW1801: error("`writes` stands on a tool that reads.", "Move it to the tool whose effect it is."),
  AW1802: error(
    "A written fact has neither `value` nor `version`: nobody could tell who saw it.",
    "Say which value it leaves, or where the answer has its version.",
  ),
  AW1803: warning(
    "No read yields a fact that a tool says it writes.",
    "Correct the name, or yield it where it is read.",
  ),
  AW1804: error(
    "A written value is not of the fact's type.",
    "Write a value of the type that `yields` gives the fact.",
  ),
  AW1850: error("An agent has the name of the principal that recalls.", "Choose another name."),
  AW1851: error("There is more than one recall policy.", "Keep one."),
  AW1852: error("A recall policy names a team that does not exist.", "Correct the name, or add the Team."),
  AW1853: error(
    "The teams of a recall policy cannot be answered for by different people.",
    "Add people to the teams, or name other teams.",
  ),
  AW1854: error("`compensate` or `notice` stands on a tool that only reads.", "Move it to the tool that writes."),
  AW1855: error("A correction must be a write.", "Name the tool that tells the recipients."),
  AW1856: warning(
    "A compensating tool names no business object: that an agent took something back itself cannot be seen.",
    "Declare `entity` on it.",
  ),
  AW1901: error(
    "`contract` names a SourceContract that does not exist.",
    "Correct the name, or learn one: `airworthy sources profile`.",
  ),
  AW1902: error(
    "A tool reads a record that its source does not bring in.",
    "Correct the name, or add it to `records`.",
  ),
  AW1903: error(
    "A tool of an ingesting source that writes.",
    "Make its effect read: what was brought in is only read.",
  ),
  AW1904: error(
    "A tool of an ingesting source needs exactly one of `find` and `list`, and of a folder of documents one of `search`, `find` and `list`.",
    "Keep one of them.",
  ),
  AW1905: error("A source lists a record twice.", "Rename one of the two."),
  AW1906: error(
    "`contract` or `records` where it has no meaning.",
    "Give it to a read of an http, sql or mcp connector; `records` only beside `contract`.",
  ),
  AW1907: warning(
    "A record has neither `version` nor `asOf`: where its messages carry no time, what arrives later counts as newer.",
    "Say where its version or its time stands, if the source gives one.",
  ),
  AW1908: error("A path of a record that cannot be read.", "Use $ for the payload and, below `each`, @ for the item."),
  AW1950: error("`tls` says a certificate without its private key, or the key alone.", "Say both `cert` and `key`."),
  AW1952: error(
    "`columns` and fixed width do not go together here.",
    "Say columns where format is fixed, and nowhere else.",
  ),
  AW1953: error("A total is asked of a field that the contract does not have.", "Correct the field's name."),
  AW1980: error(
    "A setting of a file's form that its format does not have.",
    "`sheet` and `header` are of XLSX; `encoding` and `delimiter` are not.",
  ),
  AW1951: error(
    "`tls` or `proxy` stands where nothing goes over the network that way.",
    "Remove it, or use an https address.",
  ),
  AW1961: error(
    "The contract of a folder of documents asks for a field that passages do not have.",
    "Correct the field's name, or remove it.",
  ),
  AW1962: error(
    "The contract of a folder of documents leaves out fields that every passage has.",
    "List them, or say `unlisted: ignore`.",
  ),
  AW1963: error(
    "Passages may be longer than their contract allows.",
    "Lower `passageLength`, or raise `maxLength` of `text`.",
  ),
  AW1970: warning(
    "A mailbox is read without TLS from another machine: everybody on the way reads along, and may change what is read.",
    "Leave `security` out, or say starttls.",
  ),
  AW1971: error(
    "Only TLS from the beginning goes through a proxy to a mail server.",
    "Leave `security` out, or remove `proxy`.",
  ),
  AW1972: error(
    "A folder of a mailbox that is listed twice, or cannot be one.",
    "Name each folder once, as the server does.",
  ),
  AW1973: warning(
    "A tool of a mailbox claims that what it reads can be trusted: everybody can write a mail.",
    "Leave `trust` out.",
  ),
  AW1974: warning(
    "The key of a mail is what its sender wrote: another sender may write the same, and take its place.",
    "Leave `key` out: each mail is then a record of its own.",
  ),
  AW2001: error(
    "A pattern of a data class that RE2 does not take.",
    "Write it without look-around and back-references.",
  ),
  AW2002: warning(
    "A data class that finds nothing and says nothing.",
    "Give it patterns, words or `reveal`, or remove it.",
  ),
  AW2003: error("A rule of data without a destination.", "Name agents, providers, tools or connectors under `to`."),
  AW2004: error("A rule of data or an issuer names what does not exist.", "Correct the name."),
  AW2005: warning("A rule for a class that nothing is of.", "Correct the name, or declare the class of a field."),
  AW2006: error("An issuer needs exactly one source of keys.", "Keep one of `url`, `file` and `jwks`."),
  AW2007: error("Two issuers that cannot be told apart.", "Give them different audiences, or remove one."),
  AW2008: error("`rows` stands on a tool that writes.", "Limit what is read; let policies judge what is written."),
  AW2009: error(
    "`from_claim` fills an argument that the tool does not have.",
    "Correct the name, or add it to `input`.",
  ),
  AW2010: error("A limit names an attribute that no issuer vouches for.", "Add it to the `attributes` of an Issuer."),
  AW2011: warning("An agreement with a provider whose models no agent uses.", "Correct the provider's name."),
  AW2012: error("An agreement ends before it begins.", "Correct one of the two days."),
  AW2013: error(
    "`except.agreement` on a rule that is not about agents.",
    "Agreements are with providers of models: name agents or providers under `to`.",
  ),
} as const satisfies Record<string, CodeEntry>;

export type FindingCode = keyof typeof findingCodes;

/** Makes a finding; its severity is the code's. The message must never hold a secret. */
export function makeFinding(
  code: FindingCode,
  at: { readonly file: string; readonly place: Place },
  text: { readonly message: string; readonly hint?: string | undefined },
): Finding {
  const { severity } = findingCodes[code];
  const { line, column, length } = at.place;
  const finding = { code, severity, file: at.file, line, column, length, message: text.message };
  return text.hint === undefined ? finding : { ...finding, hint: text.hint };
}

/** By file, then place, then code, without repetitions. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  const sorted = findings.toSorted(
    (left, right) =>
      compareText(left.file, right.file) ||
      left.line - right.line ||
      left.column - right.column ||
      compareText(left.code, right.code) ||
      compareText(left.message, right.message),
  );
  return sorted.filter((finding, index) => index === 0 || !isSame(finding, sorted[index - 1]));
}

function isSame(left: Finding, right: Finding | undefined): boolean {
  return (
    left.file === right?.file &&
    left.line === right.line &&
    left.column === right.column &&
    left.code === right.code &&
    left.message === right.message
  );
}

function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
