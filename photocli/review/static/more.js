/** What one does now and then: learn from ratings, see how often proposals were followed, score other photos. */

import { agreement, learn } from "./api.js";
import { reload } from "./listing.js";
import { scoreFiles } from "./drop.js";
import { button, counted, dialog, make } from "./make.js";
import { say } from "./messages.js";

/** Opens the dialog. */
export function showMore() {
  const result = make("div", "result");
  result.setAttribute("role", "status");
  const box = dialog("More",
    entry("Learn from my ratings", "Learns your taste from the stars and flags on the disk, tries it on ratings that it has not seen, and sorts by it.",
      "Learn", () => attempt(result, "Learning…", learned)),
    entry("Agreement", "How often you followed the proposals, by kind of photo.", "Show",
      () => attempt(result, "Counting…", agreed)),
    entry("Score other photos", "Photos that you drop on the page are scored, too. They are looked at in memory; nothing is written.",
      "Choose photos…", () => choose(box)),
    result);
}

function entry(title, words, label, act) {
  const made = make("section", "entry");
  const text = make("div", "grow");
  text.append(make("h3", "", title), make("p", "faint", words));
  made.append(text, button(label, act, { className: "tool wide main" }));
  return made;
}

async function attempt(result, waiting, act) {
  result.replaceChildren(make("p", "faint", waiting));
  try {
    result.replaceChildren(...(await act()));
  } catch (error) {
    result.replaceChildren(make("p", "bad", error.message));
  }
}

async function learned() {
  const { message, held_out: heldOut, general, kept } = await learn();
  const shown = [make("p", "", message)];
  if (typeof heldOut === "number") {
    shown.push(bars([["your taste", heldOut], ...(typeof general === "number" ? [["the general model", general]] : [])],
      "Pairs of photos in your order, among ratings it had not seen"));
  }
  if (kept !== false) await reload({ top: true });
  return shown;
}

/** Shares as bars with their figures. */
function bars(pairs, title) {
  const list = make("dl", "bars");
  for (const [name, share] of pairs) {
    const value = make("dd");
    const bar = make("i");
    bar.style.width = `${Math.round(share * 100)}%`;
    value.append(bar, make("b", "", `${Math.round(share * 100)}%`));
    list.append(make("dt", "", name), value);
  }
  const made = make("div");
  made.append(make("h4", "", title), list);
  return made;
}

async function agreed() {
  const answer = await agreement();
  const rows = Array.isArray(answer) ? answer : answer?.rows ?? [];
  if (!rows.length) return [make("p", "", "No photo has both a proposal and a judgement of yours yet.")];
  const table = make("table");
  const head = make("tr");
  for (const name of ["Kind", "Proposal", "Followed", "Of", "95% interval"]) head.append(make("th", "", name));
  table.append(head);
  for (const { kind, what, n, followed, low, high } of rows) {
    const line = make("tr");
    const percent = (share) => `${Math.round(share * 100)}%`;
    for (const text of [kind, what, percent(followed / n), counted(n), `${percent(low)} – ${percent(high)}`]) line.append(make("td", "", text));
    table.append(line);
  }
  return [table];
}

function choose(box) {
  const input = make("input");
  Object.assign(input, { type: "file", multiple: true, accept: "image/*,.nef,.cr2,.cr3,.arw,.dng,.raf,.rw2,.orf" });
  input.addEventListener("change", () => {
    box.close();
    scoreFiles([...input.files]).catch((error) => say(error.message, { kind: "error" }));
  });
  input.click();
}
