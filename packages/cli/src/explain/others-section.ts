/** What others had done to the same business objects when the action was judged. */
import { timelineLines } from "../render/timeline.ts";
import { clean } from "../text/clean.ts";
import { indent, textLines, titleLine } from "./lines.ts";
import type { Section } from "./look.ts";

export const renderOthers: Section = ({ action }, look) => {
  const seen = (action.entities ?? []).filter(({ effects }) => effects.length > 0);
  if (seen.length === 0) return [];
  return [
    titleLine("Others", look),
    ...seen.flatMap(({ entity, version, touched, effects }, at) => [
      ...(at === 0 ? [] : [""]),
      ...textLines(`${clean(entity)}, version ${version}${touched === true ? ", which it touches" : ""}`, look),
      ...timelineLines(effects.toReversed(), [], { paint: look.paint, width: look.width - indent.length }).map(
        (line) => indent + line,
      ),
    ]),
  ];
};
