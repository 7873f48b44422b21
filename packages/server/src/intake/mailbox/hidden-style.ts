/** Whether an element of HTML hides what stands in it, by its own attributes. Rules in style sheets are not followed. */

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
  const style = stylesOf(attributes);
  const colour = style.get("color") ?? attributes["color"] ?? attributes["text"];
  const ground = style.get("background-color") ?? style.get("background") ?? attributes["bgcolor"];
  if (colour === undefined && ground === undefined) return above;
  return {
    colour: (colour !== undefined && normal(colour)) || above.colour,
    ground: (ground !== undefined && normal(ground)) || above.ground,
  };
}

const nothing = /^[01](?:px|pt|%)?(?:\s|!|$)/;
const hiding: readonly (readonly [property: string, pattern: RegExp])[] = [
  ["display", /^none/],
  ["visibility", /^(?:hidden|collapse)/],
  ["mso-hide", /^all/],
  ["opacity", /^(?:0|0?\.0\d*)(?:\s|%|!|$)/],
  ["color", /^(?:transparent|rgba\([^)]*,\s*(?:0|0?\.0\d*)\s*\))/],
  ["font-size", /^(?:[01](?:\.\d+)?(?:px|pt)|0(?:\.0+)?(?:r?em|%)?)(?:\s|!|$)/],
  ["line-height", /^0(?:px|pt|%)?(?:\s|!|$)/],
  ["text-indent", /^-\d{3,}/],
  ["left", /^-\d{3,}/],
  ["top", /^-\d{3,}/],
  ["clip", /rect\(\s*0[^1-9]*\)/],
  ["max-height", nothing],
];
const sides = ["height", "width", "max-width"];

/** `paint` is the element's own. */
export function hidesContent(attributes: Attributes, paint: Paint): boolean {
  if ("hidden" in attributes || paint.colour === paint.ground) return true;
  const style = stylesOf(attributes);
  if (hiding.some(([property, pattern]) => pattern.test(style.get(property) ?? ""))) return true;
  const isClipped = [...style].some(
    ([property, value]) => property.startsWith("overflow") && /hidden|clip/.test(value),
  );
  return isClipped && sides.some((side) => nothing.test(style.get(side) ?? ""));
}

function stylesOf(attributes: Attributes): Map<string, string> {
  const styles = new Map<string, string>();
  for (const declaration of (attributes["style"] ?? "").slice(0, 4000).split(";")) {
    const at = declaration.indexOf(":");
    if (at < 1) continue;
    styles.set(
      declaration.slice(0, at).trim().toLowerCase(),
      declaration
        .slice(at + 1)
        .trim()
        .toLowerCase(),
    );
  }
  return styles;
}

/** `#rrggbb`; undefined for what is not read, which is then taken for no change. */
function normal(text: string): string | undefined {
  const colour =
    text
      .trim()
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
