/** Agreement: how often a person followed the proposals, by kind of photo. */

import { agreement } from "./api.js";
import { make } from "./make.js";

const percent = (share) => `${Math.round(share * 100)}%`;

/** A bar as long as the share, with the interval in which it lies; the words beside it say the same. */
function bar({ share, low, high }) {
  const track = make("span", "share");
  track.setAttribute("aria-hidden", "true");
  const part = make("i");
  const between = make("b");
  part.style.width = percent(share);
  Object.assign(between.style, { left: percent(low), width: percent(high - low) });
  track.append(part, between);
  return track;
}

function row(kind, found, first, many) {
  const made = document.createElement("tr");
  if (first) {
    const head = make("th", "", kind);
    Object.assign(head, { scope: "rowgroup", rowSpan: many });
    made.append(head);
  }
  const share = found.share ?? found.followed / found.n;
  const what = make("th", "", found.what);
  what.scope = "row";
  const bars = make("td");
  bars.append(bar({ ...found, share }));
  const { followed, n, low, high } = found;
  made.append(what, bars, make("td", "number", percent(share)), make("td", "number", `${followed} of ${n}`));
  made.append(make("td", "number", `${Math.round(low * 100)}–${percent(high)}`));
  return made;
}

/** The table of the server's figures. */
function agreementTable(figures) {
  const table = make("table", "agreement");
  table.append(make("caption", "", "How often you did what was proposed. The line is the 95% interval: few photos say little."));
  const head = table.createTHead().insertRow();
  for (const words of ["Photos", "Proposal", "Followed", "", "Count", "Interval"]) {
    const cell = make(words ? "th" : "td", "", words);
    if (words) cell.scope = "col";
    if (["Count", "Interval"].includes(words)) cell.className = "number";
    head.append(cell);
  }
  const kinds = new Map();
  for (const figure of figures) kinds.set(figure.kind, [...(kinds.get(figure.kind) ?? []), figure]);
  for (const [kind, found] of kinds) {
    const body = table.createTBody();
    found.forEach((each, at) => body.append(row(kind, each, at === 0, found.length)));
  }
  return table;
}

/** Asks for the figures and returns elements that show them. */
export async function agreed() {
  const answer = await agreement();
  const figures = Array.isArray(answer) ? answer : (answer?.rows ?? []);
  if (figures.length) return [agreementTable(figures)];
  return [make("p", "", "No photo has both a proposal and a judgement of yours yet.")];
}
