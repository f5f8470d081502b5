/** The keys, in a dialog. */

import { dialog, make } from "./make.js";

const KEYS = [
  ["Rate", [["1 – 5", "stars"], ["0", "no stars"], ["P", "pick"], ["X", "reject"], ["U", "no flag"],
    ["6 7 8 9", "red, yellow, green, blue"], ["V", "purple"], ["Shift + key", "rate and go on"],
    ["Caps Lock", "go on after each rating"], ["Ctrl + Z", "undo"], ["Ctrl + Shift + Z", "redo"]]],
  ["Go", [["← → ↑ ↓", "the photo beside, above, below"], ["Home End", "the first, the last"],
    ["Page ↑ Page ↓", "a screen on"], ["G", "grid"], ["E or Space", "loupe"], ["C", "compare"], ["N", "survey"],
    ["D", "undecided groups"], ["Esc", "back to the grid"]]],
  ["Select", [["Shift + arrow or click", "a range"], ["Ctrl + click, Ctrl + Space", "one more"],
    ["Ctrl + A", "all that are shown"], ["Ctrl + D or Esc", "none"], ["S", "open or close a stack"]]],
  ["Loupe", [["Z", "100% and back"], ["+ −", "closer, farther"], ["Shift + arrow", "move the picture"],
    ["F", "faces and eyes"], ["K", "mark what is in focus"], ["O", "heat map of the score"], ["R", "suggested crop"], ["B", "the camera's frame"],
    ["Q H", "focus points, horizon (where known)"],
    ["I", "facts beside the photo"]]],
  ["Compare, survey, undecided", [["← →", "another candidate, or frame"], ["↑", "make it the best so far"], ["↓", "swap the two"],
    ["C", "two, or the whole group"], ["Z + −", "zoom all frames"], ["L", "together, or each by itself"],
    ["F", "every face"], ["K", "mark what is in focus"], ["/", "out of the survey"], ["Enter", "undecided: pick and go on"]]],
  ["Else", [["/", "to the filter"], ["?", "this help"]]],
];

const RULES = "A filter is made of words that stand in names, and of rules: stars >= 3, stars == 0, label == red, " +
  "pick == 1, faces >= 2, faults ~ blur, style ~ vivid, camera ~ nikon, captured >= 2026-06-20. All must hold.";

/** Opens the help. */
export function showHelp() {
  const columns = make("div", "keys");
  for (const [title, pairs] of KEYS) {
    const part = make("section");
    const list = make("dl");
    for (const [key, does] of pairs) {
      const name = make("dt");
      name.append(make("kbd", "", key));
      list.append(name, make("dd", "", does));
    }
    part.append(make("h3", "", title), list);
    columns.append(part);
  }
  dialog("Keys", columns, make("p", "faint", RULES),
    make("p", "faint", "Fingers: tap to open, press long to select, swipe to the next photo, pinch to look closer."),
    make("p", "faint", "Filled stars are yours, hollow ones are proposed. Each rating is written at once, and nothing leaves this machine."));
}
