/** The undecided walk: the groups in which the proposal is unsure, one after another, and nothing else. */

import { state } from "./state.js";
import { judge, prefetch, rows, undecided } from "./api.js";
import { agreed } from "./agreement.js";
import { FaceStrips } from "./faces.js";
import { learned } from "./learn.js";
import { button, dialog, make, photos } from "./make.js";
import { announce } from "./messages.js";
import { LightTable } from "./table.js";
import { Tally } from "./tally.js";
import { press, switcher, tools } from "./tools.js";

const pickOf = (id) => state.rows.get(id)?.pick ?? 0;

/** Shows in a dialog what an answer of the server says, once it is there. */
async function shown(heading, waiting, act) {
  const box = make("div");
  box.setAttribute("role", "status");
  box.append(make("p", "faint", waiting));
  dialog(heading, box);
  const said = await act().catch((error) => [make("p", "bad", error.message)]);
  box.replaceChildren(...said);
}

class Walk {
  constructor(section) {
    this.section = section;
    this.groups = [];
    this.at = 0;
    this.decided = new Set();
    this.title = make("h2");
    this.why = make("p", "why");
    this.count = make("span", "count");
    section.classList.add("looking");
    this.tally = new Tally(section, () => this.#count());
    this.resized = () => this.table && this.groups[this.at] && this.#show(this.table.active);
    window.addEventListener("resize", this.resized);
  }

  async begin() {
    this.groups = await undecided();
    if (this.over) return;
    if (!this.groups.length) this.#nothing();
    else await this.open(0);
  }

  /** Shows the group at a place of the walk; past the last one, what came meanwhile, or the end. */
  async open(at) {
    if (at >= this.groups.length) {
      const known = new Set(this.groups.map(({ group }) => group));
      this.groups.push(...(await undecided()).filter(({ group }) => !known.has(group)));
    }
    if (this.over) return;
    this.at = Math.max(0, Math.min(at, this.groups.length));
    const group = this.groups[this.at];
    if (!group) {
      this.#finish();
      return;
    }
    const unknown = group.ids.filter((id) => !state.rows.has(id));
    if (unknown.length) await rows(unknown);
    if (this.over) return;
    if (!this.table) this.#lay();
    this.table.zoom.fit();
    this.#show(group.ids.find((id) => pickOf(id) > 0) ?? group.ids[0], true);
    prefetch(this.groups[this.at + 1]?.ids.slice(0, 6) ?? []);
  }

  /** Picks or rejects the active frame, and goes on to the next one of the group after a reject. */
  judge(pick) {
    judge([this.table.active], { pick });
    if (pick < 0) this.#toNext();
  }

  /** Decides the group: the active frame is picked unless another one was; then the next group. */
  enter() {
    const { ids, group } = this.groups[this.at];
    if (!ids.some((id) => pickOf(id) > 0) && ids.some((id) => pickOf(id) === 0)) {
      const active = pickOf(this.table.active) < 0 ? ids.find((id) => pickOf(id) === 0) : this.table.active;
      judge([active], { pick: 1 });
    }
    this.decided.add(group);
    this.open(this.at + 1);
  }

  key(event) {
    if (!this.table) return false;
    if (this.table.key(event)) return true;
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const onButton = event.target.closest?.("button, a, select, input, dialog");
    if (event.key === "Enter" && onButton) return false;
    const acts = {
      ArrowLeft: () => this.table.go(-1),
      ArrowRight: () => this.table.go(1),
      Enter: () => this.enter(),
      PageDown: () => this.open(this.at + 1),
      PageUp: () => this.open(this.at - 1),
      p: () => this.judge(1),
      x: () => this.judge(-1),
      u: () => this.judge(0),
      f: () => this.toggleFaces(),
    };
    const act = acts[event.key] ?? acts[event.key.toLowerCase()];
    act?.();
    return Boolean(act);
  }

  toggleFaces() {
    const { host } = this.faces;
    host.hidden = !host.hidden || !FaceStrips.any(this.groups[this.at].ids);
    this.#show(this.table.active);
  }

  end() {
    this.over = true;
    window.removeEventListener("resize", this.resized);
    this.tally.stop();
    this.#clear();
  }

  #lay() {
    const host = make("div");
    this.table = new LightTable(host);
    this.faces = new FaceStrips(make("div"));
    this.faces.host.hidden = true;
    this.table.addEventListener("swipe", ({ detail }) => this.table.go(detail));
    this.table.addEventListener("active", () => announce(this.table.spoken()));
    this.faces.addEventListener("face", ({ detail: { id, person } }) => {
      if (!this.table.ids.includes(id)) this.#show(id);
      this.table.activate(id);
      this.faces.look(this.table, person);
    });
    const bar = tools(this.table, [this.title, this.count], [this.#facesButton()]);
    this.section.replaceChildren(bar, this.why, host, this.faces.host, this.#answers());
  }

  #facesButton() {
    const options = { label: "Show every face (F)", symbol: "face", className: "tool wide" };
    this.facesButton = switcher("Faces", () => this.toggleFaces(), options);
    return this.facesButton;
  }

  #answers() {
    const bar = make("div", "answers");
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", "Decide");
    const one = (text, label, act, className = "tool wide") => button(text, act, { label, className });
    this.next = one("", "Pick this one and go on (Enter)", () => this.enter(), "tool wide main");
    bar.append(
      one("Back", "The group before (Page Up)", () => this.open(this.at - 1)),
      one("Pick", "Pick this one (P)", () => this.judge(1)),
      one("Reject", "Reject this one (X)", () => this.judge(-1)),
      this.next,
      one("Skip", "The next group, undecided (Page Down)", () => this.open(this.at + 1)),
    );
    return bar;
  }

  #show(active, said = false) {
    const { ids, why } = this.groups[this.at];
    this.table.show(ids, active, { roles: new Map([[ids[0], "Proposed first"]]) });
    const beyond = ids.length - this.table.ids.length;
    const sentence = `${why.charAt(0).toUpperCase()}${why.slice(1)}${/[.!?]$/.test(why) ? "" : "."}`;
    this.why.textContent = beyond > 0 ? `${sentence} ${photos(beyond)} more by the arrows.` : sentence;
    this.title.textContent = `Undecided ${this.at + 1} of ${this.groups.length}`;
    this.facesButton.disabled = !FaceStrips.any(ids);
    this.faces.host.hidden ||= this.facesButton.disabled;
    press(this.facesButton, !this.faces.host.hidden);
    if (!this.faces.host.hidden) this.faces.show(ids);
    this.#count();
    if (said) announce(`Group ${this.at + 1} of ${this.groups.length}. ${sentence} ${this.table.spoken()}`);
  }

  #count() {
    this.count.textContent = this.tally.words;
    if (!this.next || !this.groups[this.at]) return;
    const picked = this.groups[this.at].ids.some((id) => pickOf(id) > 0);
    this.next.textContent = picked ? "Go on" : "Pick and go on";
  }

  /** After a reject: the next frame that is neither picked nor rejected, if any. */
  #toNext() {
    const { ids } = this.groups[this.at];
    const from = ids.indexOf(this.table.active);
    const left = [...ids.slice(from + 1), ...ids.slice(0, from)].find((id) => pickOf(id) === 0);
    if (left !== undefined) this.table.go(ids.indexOf(left) - from);
  }

  #clear() {
    this.table?.close();
    this.table = null;
    this.next = null;
    this.section.replaceChildren();
  }

  #nothing() {
    this.tally.stop();
    this.#end("Nothing is undecided", ["There is no group in which the proposal is unsure, or all of them have been decided."]);
  }

  #finish() {
    this.tally.stop();
    const [many, all] = [this.decided.size, this.groups.length];
    const each = many ? (this.tally.keys + this.tally.clicks) / many : 0;
    const lines = [
      `${many} of ${all} group${all === 1 ? "" : "s"} decided, with ${this.tally.words}, in ${this.tally.time}.`,
      many ? `That is ${each.toFixed(1)} for a group.` : "",
      many < all ? `${all - many} left as they were.` : "",
      `About the other ${photos(Math.max(0, state.total - this.groups.flatMap(({ ids }) => ids).length))} nothing had to be asked.`,
    ];
    this.#end("That was all", lines.filter(Boolean));
  }

  #end(heading, lines) {
    this.over = true;
    this.#clear();
    const box = make("div", "summary");
    const head = make("h2", "", heading);
    head.tabIndex = -1;
    const acts = make("div", "answers");
    const back = button("Back to the grid", () => state.open("grid"), { className: "tool wide main" });
    const ask = (name, waiting, act) => button(name, () => shown(name, waiting, act), { className: "tool wide" });
    acts.append(back, ask("Agreement", "Counting…", agreed), ask("Learn from my ratings", "Learning…", learned));
    box.append(head, ...lines.map((line) => make("p", "", line)), acts);
    this.section.replaceChildren(box);
    head.focus();
    announce(`${heading}. ${lines.join(" ")}`);
  }
}

let walk = null;

export async function enter() {
  if (walk && !walk.over) return;
  walk?.end();
  walk = new Walk(document.getElementById("undecided"));
  await walk.begin();
}

export function leave() {
  walk?.end();
  walk = null;
}

export function key(event) {
  return walk?.key(event) ?? false;
}
