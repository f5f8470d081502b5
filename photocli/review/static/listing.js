/** Which photos are shown, and in which order: the server's answer, then groups gathered or stacked. */

import { state } from "./state.js";
import { list } from "./api.js";
import { preference, prefer } from "./preferences.js";

/** Ids as the server gave them, before groups were gathered. */
let found = [];
/** Groups that were opened in a stack, by their best photo. */
const opened = new Set();
let asked = null;

let way = preference("groups") ?? "apart";

/** How groups are shown: `apart`, `together` or `stacked`. */
export const grouping = () => way;

export function regroup(chosen) {
  way = chosen;
  prefer("groups", way);
  opened.clear();
  arrange();
}

/** Opens a stack, or closes it. */
export function unstack(id) {
  const [best] = state.group(id);
  if (!opened.delete(best)) opened.add(best);
  arrange();
}

/** How many photos of its group stand behind this one. */
export function behind(id) {
  if (way !== "stacked" || opened.has(state.group(id)[0])) return 0;
  return hidden.get(id) ?? 0;
}

let hidden = new Map();

/** Asks the server for the photos again, by the filter and the order of the state; raises what it refuses. */
export async function reload({ top = false } = {}) {
  asked?.abort();
  const mine = new AbortController();
  asked = mine;
  const answer = await list(state.filter, state.sort, state.down, mine.signal);
  if (asked !== mine) return;
  asked = null;
  state.version = Math.max(state.version, answer.version);
  found = answer.ids;
  opened.clear();
  arrange({ groups: answer.groups, total: answer.total, top });
}

/**
 * Compares what is shown with what the server would show now, and moves nothing: groups are taken over, and `outdated`
 * tells whether another order is due.
 */
export async function check() {
  if (asked) return;
  const answer = await list(state.filter, state.sort, state.down);
  if (asked) return;
  const same = answer.ids.length === found.length && answer.ids.every((id, at) => id === found[at]);
  if (way === "apart" || same) arrange({ groups: answer.groups, total: answer.total });
  state.emit("outdated", { outdated: !same });
}

/** Adds photos that came in meanwhile, at the end or, where a person brought them, at the beginning. */
export function add(ids, { first = false } = {}) {
  const known = new Set(found);
  const fresh = ids.filter((id) => !known.has(id));
  if (!fresh.length) return;
  found = first ? [...fresh, ...found] : [...found, ...fresh];
  arrange({ total: Math.max(state.total, found.length) });
}

function arrange({ groups = state.groups, total = state.total, top = false } = {}) {
  state.list(way === "apart" ? found : gathered(found, groups, way === "stacked"), groups, total, { top });
}

/** A group stands where its first photo does, the best first, whatever the photos are sorted by. */
function gathered(ids, groups, stacked) {
  const [kept, groupOf] = [new Set(ids), new Map()];
  for (const group of groups) for (const id of group) groupOf.set(id, group);
  hidden = new Map();
  const done = new Set();
  const shown = [];
  for (const id of ids) {
    const group = groupOf.get(id);
    if (!group) shown.push(id);
    else if (!done.has(group)) {
      done.add(group);
      const members = group.filter((each) => kept.has(each));
      const open = !stacked || opened.has(group[0]);
      shown.push(...(open ? members : members.slice(0, 1)));
      if (!open) hidden.set(members[0], members.length - 1);
    }
  }
  return shown;
}
