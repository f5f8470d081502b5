/**
 * Ratings on their way to the disk. What a person chose is on the screen at once; the answer comes after it.
 *
 * Requests go one after another, so that each says which state of the photo it was made from (`seen`). What
 * is not answered yet lies over the rows that come from the server, so that no older row flickers through.
 */

import { state } from "./state.js";
import { get, post, sentence } from "./wire.js";
import { say } from "./messages.js";

/** Rows as the server told them, without what is on its way. */
const stored = new Map();
/** Changes that are not answered yet: id -> changes, the oldest first. */
const waiting = new Map();
const noted = new Set();
const AT_ONCE = 500;
let queue = Promise.resolve();

/** Stores rows of the server in the state, under the changes that wait; returns them as shown. */
export function settle(rows) {
  const seen = rows.map((row) => {
    stored.set(row.id, row);
    return laid(row);
  });
  state.put(seen);
  return seen;
}

function laid(row) {
  const changes = waiting.get(row.id);
  return changes ? Object.assign({}, row, ...changes.map(shown)) : row;
}

/** A change as a row has it: no stars and no flag are null there. */
function shown({ stars, pick, label }) {
  return {
    ...(stars === undefined ? {} : { stars: stars || null }),
    ...(pick === undefined ? {} : { pick: pick || null }),
    ...(label === undefined ? {} : { label }),
  };
}

/**
 * Judges photos: `change` has one of `stars` (0-5 or null), `pick` (1, 0, -1) and `label` (a colour or null).
 * Resolves to the server's answer `{rows, conflicts, undo, redo}` once the sidecars are written.
 */
export function judge(ids, change) {
  const able = ids.filter((id) => state.rows.get(id)?.can_judge !== false);
  if (able.length < ids.length) say(able.length ? "Some of these photos cannot be rated." : "This photo cannot be rated.");
  if (!able.length) return Promise.resolve({ rows: [], conflicts: [], undo: state.undo, redo: state.redo });
  for (const id of able) waiting.set(id, [...(waiting.get(id) ?? []), change]);
  state.put(able.map((id) => state.rows.get(id)).filter(Boolean).map((row) => ({ ...row, ...shown(change) })));
  return next(() => send(able, change));
}

export const undo = () => next(() => step("undo"));
export const redo = () => next(() => step("redo"));

/** Runs a task after those that came before it; a task that failed does not hold up the next. */
function next(task) {
  const result = queue.then(task);
  queue = result.catch(() => {});
  return result;
}

async function send(ids, change) {
  try {
    await learn(ids.filter((id) => !stored.has(id)));
    const seen = Object.fromEntries(ids.map((id) => [id, stored.get(id)?.state ?? null]));
    return take(await post("judge", { ids, change, seen }), change, ids);
  } catch (error) {
    release(ids, change);
    settle(ids.map((id) => stored.get(id)).filter(Boolean));
    say(error.message, { kind: "error" });
    return { rows: [], conflicts: [], undo: state.undo, redo: state.redo };
  }
}

/** Fetches rows that were never on screen: what is selected with Ctrl+A is judged from what stands there, too. */
async function learn(ids) {
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    settle(await get(`rows?ids=${ids.slice(at, at + AT_ONCE).join(",")}`));
  }
}

async function step(name) {
  try {
    return take(await post(name), null, []);
  } catch (error) {
    say(error.message, { kind: "error" });
    return { rows: [], conflicts: [], undo: state.undo, redo: state.redo };
  }
}

function take(answer, change, ids) {
  release(ids, change);
  settle(answer.rows);
  const answered = new Set(answer.rows.map((row) => row.id));
  settle(ids.filter((id) => !answered.has(id)).map((id) => stored.get(id)).filter(Boolean));
  state.steps(answer.undo, answer.redo);
  if (change && answer.rows.length) state.emit("judged", { ids, change });
  for (const conflict of answer.conflicts) state.emit("conflict", { ...conflict, change });
  if (answer.message) say(sentence(answer.message), { kind: "error" });
  for (const note of answer.notes ?? []) once(note);
  return answer;
}

/** Says what holds for many photos the first time only. */
function once(note) {
  if (noted.has(note)) return;
  noted.add(note);
  say(sentence(note), { stay: 15000 });
}

function release(ids, change) {
  for (const id of ids) {
    const left = (waiting.get(id) ?? []).filter((each) => each !== change);
    if (left.length) waiting.set(id, left);
    else waiting.delete(id);
  }
}
