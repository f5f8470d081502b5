/** Compare: the best frame and a candidate for its place, or the whole group side by side. */

import { state } from "./state.js";
import { prefetch, rows, url } from "./api.js";
import { FaceStrips } from "./faces.js";
import { button, make } from "./make.js";
import { announce } from "./messages.js";
import { Strip } from "./strip.js";
import { LightTable } from "./table.js";
import { footer, press, switcher, tools } from "./tools.js";

/** The photos to compare: those asked for, else the group of the one, else it and its neighbour. */
function subjects(ids) {
  const [first = state.current] = ids;
  if (ids.length > 1) return [...ids];
  const group = state.group(first);
  if (group.length > 1) return [...group];
  const beside = [1, -1].map((step) => state.beside(first, step)).find((id) => id !== null && id !== first);
  return beside === undefined ? [first] : [first, beside];
}

/** The best so far: what a person picked, then what they gave most stars, then what is proposed, then the score. */
function best(ids) {
  const worth = (id) => {
    const { pick, stars, proposal, score } = state.rows.get(id) ?? {};
    return (pick ?? 0) * 1000 + (stars ?? 0) * 100 + (proposal === "pick" ? 50 : 0) + (score ?? 0);
  };
  return ids.reduce((most, id) => (worth(id) > worth(most) ? id : most), ids[0]);
}

/** Whether a group was last looked at as a whole. */
let wholeGroups = false;

class Comparison {
  constructor(section) {
    this.section = section;
    this.whole = false;
    const host = make("div");
    this.table = new LightTable(host);
    this.strip = new Strip(make("div"));
    this.faces = new FaceStrips(make("div"));
    this.faces.host.hidden = true;
    this.title = make("h2");
    section.classList.add("looking");
    section.replaceChildren(this.#tools(), host, this.faces.host, this.strip.host, footer());
    this.table.addEventListener("active", () => this.#activated());
    this.table.addEventListener("swipe", ({ detail }) => this.move(detail));
    this.strip.addEventListener("choose", ({ detail }) => this.choose(detail));
    this.faces.addEventListener("face", ({ detail }) => this.#face(detail));
    this.stop = state.on("advance", () => this.move(1));
    this.resized = () => this.whole && this.#show(this.table.active);
    window.addEventListener("resize", this.resized);
  }

  async begin(ids) {
    this.all = subjects(ids);
    const group = state.group(this.all[0]);
    const chosen = group.length !== this.all.length || this.all.some((id) => !group.includes(id));
    this.whole = chosen ? this.all.length > 2 : wholeGroups;
    const unknown = this.all.filter((id) => !state.rows.has(id));
    if (unknown.length) await rows(unknown);
    if (this.over) return;
    this.best = best(this.all);
    const others = this.all.filter((id) => id !== this.best);
    this.candidate = others.includes(state.current) ? state.current : (others[0] ?? this.best);
    this.table.zoom.fit();
    this.#show(this.candidate, true);
  }

  /** Whether the whole group is shown, or two of it. */
  toggle() {
    this.whole = wholeGroups = !this.whole;
    this.#show(this.table.active);
  }

  /** Goes to another candidate, or to another frame of the group. */
  move(by) {
    if (this.whole) {
      this.table.go(by);
      return;
    }
    const others = this.all.filter((id) => id !== this.best);
    if (!others.length) return;
    const at = others.indexOf(this.candidate) + by;
    this.candidate = others[(at + others.length) % others.length];
    this.#show(this.candidate, true);
  }

  /** Exchanges the best and the candidate. */
  swap() {
    [this.best, this.candidate] = [this.candidate, this.best];
    this.#show(this.candidate, true);
  }

  /** Makes the candidate the best so far, and the next frame the candidate. */
  promote() {
    if (this.whole) {
      this.best = this.table.active;
      this.candidate = this.all.find((id) => id !== this.best) ?? this.best;
      this.#show(this.best);
      return;
    }
    const last = this.candidate;
    this.move(1);
    const next = this.candidate === last ? this.best : this.candidate;
    this.best = last;
    this.candidate = next;
    this.#show(this.candidate, true);
  }

  /** Looks at one frame: in the group it becomes the active one, else the candidate. */
  choose(id) {
    if (!this.whole && id !== this.best) this.candidate = id;
    this.#show(id, true);
  }

  toggleFaces() {
    const { host } = this.faces;
    host.hidden = !host.hidden || !FaceStrips.any(this.all);
    if (!host.hidden) this.faces.show(this.all);
    this.#show(this.table.active);
  }

  key(event) {
    if (this.table.key(event)) return true;
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return false;
    if (event.target.closest?.("select, input, dialog")) return false;
    const acts = {
      ArrowLeft: () => this.move(-1),
      ArrowRight: () => this.move(1),
      ArrowUp: () => this.promote(),
      ArrowDown: () => (this.whole ? null : this.swap()),
      c: () => this.toggle(),
      f: () => this.toggleFaces(),
    };
    const act = acts[event.key] ?? acts[event.key.toLowerCase()];
    act?.();
    return Boolean(act);
  }

  end() {
    this.over = true;
    this.stop();
    window.removeEventListener("resize", this.resized);
    this.table.close();
    this.strip.close();
    this.section.replaceChildren();
  }

  #tools() {
    this.pairButton = switcher("Two", () => this.whole && this.toggle(), { label: "The best and a candidate (C)", className: "tool wide" });
    this.wholeButton = switcher("All", () => this.whole || this.toggle(), { label: "The whole group (C)", className: "tool wide" });
    this.swapButton = button("Swap", () => this.swap(), { label: "Swap the two (↓)", className: "tool wide" });
    this.bestButton = button("Best", () => this.promote(), { label: "Make this the best so far (↑)", className: "tool wide" });
    this.facesButton = switcher("Faces", () => this.toggleFaces(), {
      label: "Show every face (F)",
      symbol: "face",
      className: "tool wide",
    });
    const modes = make("div", "modes");
    modes.append(this.pairButton, this.wholeButton);
    return tools(this.table, [this.title, modes, this.bestButton, this.swapButton], [this.facesButton]);
  }

  #show(active, said = false) {
    const pair = this.best === this.candidate ? [this.best] : [this.best, this.candidate];
    const roles = new Map([[this.best, "Best so far"]]);
    if (!this.whole && pair.length > 1) roles.set(this.candidate, "Candidate");
    this.faces.host.hidden ||= !FaceStrips.any(this.all);
    if (!this.faces.host.hidden) this.faces.show(this.all);
    this.strip.host.hidden = !this.faces.host.hidden || (!this.whole && this.all.length < 3);
    this.table.show(this.whole ? this.all : pair, active, { roles });
    if (this.whole && this.table.ids.length === this.all.length) this.strip.host.hidden = true;
    if (!this.strip.host.hidden) this.strip.show(this.all, this.table.ids, active);
    this.#tell(said);
    this.#ahead();
  }

  #tell(said) {
    const place = this.all.indexOf(this.table.active) + 1;
    this.title.textContent = `${place} of ${this.all.length}`;
    press(this.pairButton, !this.whole);
    press(this.wholeButton, this.whole);
    this.swapButton.disabled = this.whole || this.all.length < 2;
    this.bestButton.disabled = this.all.length < 2;
    this.facesButton.disabled = !FaceStrips.any(this.all);
    press(this.facesButton, !this.faces.host.hidden);
    if (said) announce(this.table.spoken());
  }

  #activated() {
    if (!this.strip.host.hidden) this.strip.show(this.all, this.table.ids, this.table.active);
    this.#tell(true);
  }

  /** Fetches what the arrows lead to. */
  #ahead() {
    const at = this.all.indexOf(this.table.active);
    const near = [1, 2, -1].map((step) => this.all[at + step]).filter((id) => id !== undefined);
    prefetch(near.filter((id) => !this.table.ids.includes(id)));
    if (this.table.zoom.scale > 1.01 && near.length) new Image().src = url("full", near[0]);
  }

  #face({ id, person }) {
    if (!this.table.ids.includes(id)) this.choose(id);
    this.table.activate(id);
    this.faces.look(this.table, person);
  }
}

let comparison = null;

export function enter(ids) {
  comparison ??= new Comparison(document.getElementById("compare"));
  return comparison.begin(ids);
}

export function leave() {
  comparison?.end();
  comparison = null;
}

export function key(event) {
  return comparison?.key(event) ?? false;
}
