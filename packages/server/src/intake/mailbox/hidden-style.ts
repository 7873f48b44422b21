/**
 * Whether an element of HTML hides what stands in it, by its name and its own attributes, in the ways that are common. Rules in style
 * sheets are not followed.
 */

/** Colours as they are inherited, in a normal form where they could be read. */
export type Paint = { readonly colour: string; readonly ground: string };

type Attributes = Readonly<Record<string, string>>;

/** Black on white, as mail programs begin. */
export const startPaint: Paint = { colour: "#000000", ground: "#ffffff" };

const named: Readonly<Record<string, string>> = {
  white: "#ffffff",
  black: "#000000",
  snow: "#fffafa",
  ivory: "#fffff0",
};

export function paintOf(attributes: Attributes, above: Paint): Paint {
  const [styles = []] = readingsOf(attributes);
  const colour = chosen(styles, ["color"]) ?? normal(attributes["color"] ?? attributes["text"] ?? "");
  const ground = chosen(styles, ["background-color", "background"]) ?? normal(attributes["bgcolor"] ?? "");
  return { colour: colour ?? above.colour, ground: ground ?? above.ground };
}

/** The last one that is a colour, important ones before the others. */
function chosen(styles: readonly Declaration[], names: readonly string[]): string | undefined {
  const values = styles.flatMap(([property, value]) => (names.includes(property) ? [value] : []));
  const isImportant = (value: string): boolean => /!\s*important/.test(value);
  const ranked = [...values.filter((value) => !isImportant(value)), ...values.filter(isImportant)];
  return ranked.flatMap((value) => normal(value) ?? []).at(-1);
}

const nothing = /^[01](?:px|pt|%)?(?:\s|!|$)/;
/** So far away that it is outside of what is shown. */
const far = /(?:^|[\s(,])(?:-(?:\d{3,}|\d{2,}(?:\.\d+)?r?em)|\d{4,})/;
const isFar = (value: string): boolean => far.test(value);
const isFarBack = (value: string): boolean => isFar(value) && value.includes("-");
const hiding: Readonly<Record<string, (value: string) => boolean>> = {
  display: (value) => value.startsWith("none"),
  visibility: (value) => /^(?:hidden|collapse)/.test(value),
  "content-visibility": (value) => value.startsWith("hidden"),
  "mso-hide": (value) => value.startsWith("all"),
  opacity: isFaint,
  filter: (value) => /opacity\(\s*(?:0|0?\.0\d*)%?\s*\)/.test(value),
  color: isTransparent,
  "-webkit-text-fill-color": isTransparent,
  "font-size": isTiny,
  font: (value) => value.split(/[\s/]+/).some((part) => /^[\d.]/.test(part) && isTiny(part)),
  "line-height": (value) => /^0(?:px|pt|%)?(?:\s|!|$)/.test(value),
  "text-indent": isFar,
  left: isFar,
  right: isFar,
  top: isFar,
  bottom: isFar,
  inset: isFar,
  margin: isFarBack,
  "margin-left": isFarBack,
  "margin-right": isFarBack,
  "margin-top": isFarBack,
  "margin-bottom": isFarBack,
  translate: isFar,
  transform: (value) =>
    /scale(?:x|y|3d)?\(\s*(?:[^,()]*,\s*)?(?:0|0?\.0\d*)%?\s*[,)]/.test(value) ||
    (/translate(?:x|y|z|3d)?\(/.test(value) && isFar(value)),
  scale: (value) => /(?:^|\s)(?:0|0?\.0\d*)%?(?:\s|!|$)/.test(value),
  clip: (value) => /rect\(\s*0[^1-9()]*\)/.test(value),
  "clip-path": (value) =>
    /(?:circle|ellipse)\(\s*0|(?:polygon|rect|xywh)\(\s*0[^1-9()]*\)|inset\(\s*(?:[5-9]\d|\d{3,})(?:\.\d+)?%/.test(
      value,
    ),
  "max-height": (value) => nothing.test(value),
};
const sides = new Set(["height", "width", "max-width"]);
/** Shown by no program, or only once somebody opens it. */
const unseen = new Set(["datalist", "noembed", "noframes"]);
/** A longer style is not read to its end. */
const styleLength = 4000;

export type Element = { readonly name: string; readonly attributes: Attributes };

/** `paint` is the element's own. Of several declarations of one property any that hides counts: which one wins is for the program to say. */
export function hidesContent({ name, attributes }: Element, paint: Paint): boolean {
  if ("hidden" in attributes || paint.colour === paint.ground) return true;
  if (unseen.has(name) || (name === "dialog" && !("open" in attributes))) return true;
  if ((attributes["style"] ?? "").length > styleLength) return true;
  return readingsOf(attributes).some(isHiding);
}

function isHiding(styles: readonly Declaration[]): boolean {
  if (styles.some(([property, value]) => Object.hasOwn(hiding, property) && hiding[property]?.(value) === true))
    return true;
  const isClipped = styles.some(([property, value]) => property.startsWith("overflow") && /hidden|clip/.test(value));
  return isClipped && styles.some(([property, value]) => sides.has(property) && nothing.test(value));
}

function isFaint(value: string): boolean {
  const part = Number.parseFloat(value) / (/^[\d.]+%/.test(value) ? 100 : 1);
  return part < 0.1;
}

function isTransparent(value: string): boolean {
  const isHex = /^#(?:[0-9a-f]{3}0|[0-9a-f]{6}00)(?![0-9a-f])/.test(value);
  return (
    isHex ||
    /^(?:transparent|(?:rgb|hsl)a\([^)]*,\s*(?:0|0?\.0\d*)%?\s*\)|\w+\([^)]*\/\s*(?:0|0?\.0\d*)%?\s*\))/.test(value)
  );
}

const fixedPx = { px: 1, pt: 1, pc: 16, in: 96, cm: 38, mm: 3.8, q: 1 };
/** Roughly, in px. Without a unit only 0 is a length. */
const unitPx: Readonly<Record<string, number>> = {
  ...fixedPx,
  em: 16,
  rem: 16,
  ex: 8,
  ch: 8,
  "%": 0.16,
  vw: 10,
  vh: 8,
  vmin: 8,
  vmax: 10,
};

function isTiny(value: string): boolean {
  const [, number = "", unit = ""] =
    /^(?:[a-z]+\(\s*)*(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)([a-z%]*)/.exec(value) ?? [];
  if (number === "") return false;
  return Number(number) === 0 || Number(number) * (unitPx[unit] ?? 16) < 2;
}

type Declaration = readonly [property: string, value: string];

/** As CSS reads it, and as it stands: what one of them takes for a comment or a text, another program may not. */
function readingsOf(attributes: Attributes): Declaration[][] {
  const style = (attributes["style"] ?? "").slice(0, styleLength).toLowerCase();
  if (style === "") return [];
  if (!/[\\/"']/.test(style)) return [declarationsOf(style)];
  const bare = style.replaceAll(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\/\*[\s\S]*?(?:\*\/|$)/g, (found) =>
    found.startsWith("/") ? "" : '""',
  );
  return [declarationsOf(bare), declarationsOf(style)];
}

function declarationsOf(style: string): Declaration[] {
  return style.split(";").flatMap((declaration): Declaration[] => {
    const at = declaration.indexOf(":");
    return at < 1 ? [] : [[plain(declaration.slice(0, at)), plain(declaration.slice(at + 1))]];
  });
}

/** Escapes as CSS Syntax 3, 4.3.7 has them. */
function plain(text: string): string {
  const bare = text.replaceAll(/\\(?:([0-9a-f]{1,6})\s?|([\s\S]))/g, (_, code?: string, sign = "") => {
    const point = code === undefined ? undefined : Number.parseInt(code, 16);
    return point === undefined ? String(sign) : point > 0x10_ffff ? "\u{FFFD}" : String.fromCodePoint(point);
  });
  return bare.trim().toLowerCase();
}

/** `#rrggbb`; undefined for what is not read, which is then taken for no change. */
function normal(text: string): string | undefined {
  const colour =
    text
      .trim()
      .slice(0, 100)
      .toLowerCase()
      .split(/\s*!|\s+(?=[a-z])/u, 1)[0] ?? "";
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/.exec(colour);
  if (short)
    return `#${short
      .slice(1)
      .map((digit) => digit.repeat(2))
      .join("")}`;
  if (/^#[0-9a-f]{6}$/.test(colour)) return colour;
  const parts = /^rgba?\(\s*(\d{1,3})\s*[, ]\s*(\d{1,3})\s*[, ]\s*(\d{1,3})\b/.exec(colour);
  if (!parts) return named[colour];
  return `#${parts
    .slice(1, 4)
    .map((part) => Math.min(255, Number(part)).toString(16).padStart(2, "0"))
    .join("")}`;
}
