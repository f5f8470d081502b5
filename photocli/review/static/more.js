/** What one does now and then: learn from ratings, see how often proposals were followed, score other photos. */

import { agreed } from "./agreement.js";
import { scoreFiles } from "./drop.js";
import { learned } from "./learn.js";
import { button, dialog, make } from "./make.js";
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

function choose(box) {
  const input = make("input");
  Object.assign(input, { type: "file", multiple: true, accept: "image/*,.nef,.cr2,.cr3,.arw,.dng,.raf,.rw2,.orf" });
  input.addEventListener("change", () => {
    box.close();
    scoreFiles([...input.files]).catch((error) => say(error.message, { kind: "error" }));
  });
  input.click();
}
