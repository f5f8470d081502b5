/** Survey: all selected photos, or a whole group, as large as they fit; what is worse goes out of the survey. */

import { state } from "./state.js";
import { rows } from "./api.js";
import { button, make, photos } from "./make.js";
import { announce } from "./messages.js";
import { LightTable } from "./table.js";
import { footer, tools } from "./tools.js";

const MOST = 48; // photos, as each is shown with as many pixels as it has space

/** The photos asked for, else the selected ones, else the group of the current one. */
function subjects(ids) {
  if (ids.length > 1) return [...ids];
  if (state.selected.size > 1) return state.ids.filter((id) => state.selected.has(id));
  return [...state.group(ids[0] ?? state.current)];
}

class Survey {
  constructor(section) {
    this.section = section;
    const host = make("div");
    this.table = new LightTable(host, { remove: (id) => this.remove(id) });
    this.title = make("h2");
    this.back = button("All again", () => this.restore(), { label: "Bring back what was removed", className: "tool wide" });
    section.classList.add("looking");
    section.replaceChildren(tools(this.table, [this.title, this.back]), host, footer());
    this.table.addEventListener("swipe", ({ detail }) => this.table.go(detail));
    this.stop = state.on("advance", () => this.table.go(1));
    this.table.addEventListener("active", () => announce(this.table.spoken()));
  }

  async begin(ids) {
    const all = subjects(ids);
    this.left = all.length - MOST;
    this.all = all.slice(0, MOST);
    this.kept = [...this.all];
    const unknown = this.all.filter((id) => !state.rows.has(id));
    if (unknown.length) await rows(unknown);
    if (this.over) return;
    this.table.zoom.fit();
    this.#show(this.kept.includes(state.current) ? state.current : this.kept[0]);
  }

  /** Takes a photo out of the survey and the selection; the last one stays. */
  remove(id) {
    if (this.kept.length < 2) return;
    const at = this.kept.indexOf(id);
    const active = id === this.table.active ? (this.kept[at + 1] ?? this.kept[at - 1]) : this.table.active;
    this.kept = this.kept.filter((each) => each !== id);
    if (state.selected.has(id)) state.select([...state.selected].filter((each) => each !== id));
    this.#show(active);
    this.table.activate(active, { focus: true });
    announce(`Removed. ${photos(this.kept.length)} left.`);
  }

  restore() {
    this.kept = [...this.all];
    if (state.selected.size) state.select(this.all);
    this.#show(this.table.active);
  }

  key(event) {
    if (this.table.key(event)) return true;
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return false;
    const across = this.table.across;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across };
    if (event.key in steps) this.table.go(steps[event.key]);
    else if (event.key === "/" || event.key === "Delete") this.remove(this.table.active);
    else return false;
    return true;
  }

  end() {
    this.over = true;
    this.stop();
    this.table.close();
    this.section.replaceChildren();
  }

  #show(active) {
    this.table.show(this.kept, active, { most: MOST });
    const beyond = this.left > 0 ? `, the first of ${this.left + MOST}` : "";
    this.title.textContent = `Survey of ${photos(this.kept.length)}${beyond}`;
    this.back.hidden = this.kept.length === this.all.length;
  }
}

let survey = null;

export function enter(ids) {
  survey ??= new Survey(document.getElementById("survey"));
  return survey.begin(ids);
}

export function leave() {
  survey?.end();
  survey = null;
}

export function key(event) {
  return survey?.key(event) ?? false;
}
