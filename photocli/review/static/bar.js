/** The buttons above the views, and the bar that rates a selection. */

import { state } from "./state.js";
import { redo, undo } from "./api.js";
import { open, takeBack } from "./keys.js";
import { showHelp } from "./help.js";
import { showMore } from "./more.js";
import { isDark, prefer, preference, switchTheme } from "./preferences.js";
import { ratingBar } from "./rating.js";
import { button, make, photos } from "./make.js";

const by = (id) => document.getElementById(id);

/** Gives the buttons their work. */
export function begin() {
  for (const each of by("switch").querySelectorAll("button")) {
    each.addEventListener("click", () => open(each.dataset.view));
  }
  by("undo").addEventListener("click", () => takeBack(undo, "undo", "Undone."));
  by("redo").addEventListener("click", () => takeBack(redo, "redo", "Done again."));
  by("help").addEventListener("click", showHelp);
  by("more").addEventListener("click", showMore);
  by("theme").addEventListener("click", switchTheme);
  by("advance").addEventListener("click", () => {
    state.advance = !state.advance;
    prefer("advance", state.advance ? "on" : "off");
  });
  state.advance = preference("advance") === "on";
  state.on("view", ({ view }) => {
    for (const each of by("switch").querySelectorAll("button")) each.setAttribute("aria-pressed", each.dataset.view === view);
  });
  state.on("history", ({ undo: back, redo: again }) => {
    by("undo").disabled = !back;
    by("redo").disabled = !again;
  });
  state.on("preference", show);
  selection();
  show();
}

function show() {
  by("advance").setAttribute("aria-pressed", state.advance || state.capsLock);
  by("theme").setAttribute("aria-label", isDark() ? "Switch to the light theme" : "Switch to the dark theme");
  by("theme").title = by("theme").getAttribute("aria-label");
}

/** The bar at the foot, while photos are selected in the grid. */
function selection() {
  const bar = by("selection");
  const words = make("span", "words");
  bar.append(words, ratingBar(() => state.targets(), "Rate the selection"),
    button("Compare", () => open("compare"), { className: "tool wide" }),
    button("Survey", () => open("survey"), { className: "tool wide" }),
    button("", () => state.select([]), { className: "tool", label: "Select none", symbol: "close" }));
  const update = () => {
    bar.hidden = state.view !== "grid" || !state.selected.size;
    words.textContent = `${photos(state.selected.size)} selected`;
  };
  state.on("selected", update);
  state.on("view", update);
}
