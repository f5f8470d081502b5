/** Filters that were given a name, kept by photocli for the next time. */

import { state } from "./state.js";
import { removeFilter, saveFilter, savedFilters } from "./api.js";
import { say } from "./messages.js";
import { button, dialog, make } from "./make.js";

/** A button that opens the saved filters; `apply({filter, sort, down})` shows one. */
export function savedMenu(apply) {
  const opener = button("Saved", () => open(apply), { className: "tool wide" });
  opener.setAttribute("aria-haspopup", "dialog");
  return opener;
}

async function open(apply) {
  const list = make("ul", "saved");
  const name = make("input");
  const box = dialog("Saved filters", list, form(name, list, apply, () => box));
  await fill(list, apply, () => box);
}

function form(name, list, apply, box) {
  const made = make("form", "line");
  made.method = "dialog";
  const label = make("label", "field grow");
  Object.assign(name, { type: "text", maxLength: 60, required: true, autocomplete: "off" });
  label.append(make("span", "", "Name"), name);
  const save = make("button", "tool wide main", "Save what is shown now");
  made.append(label, save);
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    await attempt(() => saveFilter({ name: name.value.trim(), filter: state.filter, sort: state.sort, down: state.down }));
    name.value = "";
    await fill(list, apply, box);
  });
  return made;
}

async function fill(list, apply, box) {
  const filters = (await attempt(savedFilters)) ?? [];
  list.replaceChildren(...filters.map((each) => line(each, list, apply, box)));
  if (!filters.length) list.append(make("li", "faint", "None yet. Give the filter and order that are shown a name to find them here."));
}

function line(each, list, apply, box) {
  const item = make("li", "line");
  const show = button(each.name, () => { box().close(); apply(each); }, { className: "tool wide grow" });
  const words = `${each.filter || "all photos"}, by ${each.sort.replaceAll("_", " ")}`;
  const drop = async () => {
    await attempt(() => removeFilter(each.name));
    await fill(list, apply, box);
  };
  item.append(show, make("span", "faint", words), button("", drop, { className: "tool", label: `Delete ${each.name}`, symbol: "trash" }));
  return item;
}

async function attempt(act) {
  try {
    return await act();
  } catch (error) {
    say(error.message, { kind: "error" });
    return null;
  }
}
