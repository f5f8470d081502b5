/** What stands under a frame: its name, score, rating, and the proposal with its reason. File names are text only. */

import { make } from "./make.js";

const VERDICTS = { 1: ["picked", "Picked"], "-1": ["rejected", "Rejected"] };
const PROPOSALS = { pick: "Proposed: pick", reject: "Proposed: reject" };

/** Stars of a person, else those that are proposed, in words and signs. */
function stars(row) {
  const own = row.stars !== null && row.stars !== undefined;
  const count = own ? row.stars : row.proposed;
  if (count === null || count === undefined) return null;
  const shown = make("span", own ? "stars own" : "stars", "★".repeat(count) + "☆".repeat(5 - count));
  shown.setAttribute("role", "img");
  shown.setAttribute("aria-label", `${count} of 5 stars${own ? "" : ", proposed"}`);
  return shown;
}

/** What a person said, else what is proposed. */
function verdict(row) {
  if (row.status === "failed") return make("span", "verdict failed", row.error ?? "This photo can't be read.");
  if (row.status === "pending") return make("span", "verdict", "Not scored yet");
  const [name, words] = VERDICTS[row.pick] ?? ["", ""];
  if (words) return make("span", `verdict ${name}`, words);
  return make("span", "verdict", PROPOSALS[row.proposal] ?? "Not proposed");
}

/** A sentence about a frame, for those who listen. */
export function words(row, extra = "") {
  const said = [row.name, extra, VERDICTS[row.pick]?.[1], PROPOSALS[row.proposal], row.reason];
  return said.filter(Boolean).join(", ");
}

/**
 * Fills a caption with what is known of a frame.
 * @param {HTMLElement} element
 * @param {object} row
 * @param {string} role  what the frame is in the comparison, such as "Best so far"
 */
export function caption(element, row, role = "") {
  const top = make("div", "line");
  const name = make("span", "name", row.name);
  name.title = row.name;
  top.append(name);
  if (row.label) top.append(make("span", `colour ${row.label.toLowerCase()}`, row.label));
  if (row.score !== null && row.score !== undefined) top.append(make("span", "score", row.score.toFixed(1)));
  const below = make("div", "line");
  if (role) below.append(make("span", "role", role));
  below.append(verdict(row));
  const shown = stars(row);
  if (shown) below.append(shown);
  const reason = make("div", "reason", row.reason ?? "");
  reason.title = row.reason ?? "";
  element.replaceChildren(top, below, reason);
}
