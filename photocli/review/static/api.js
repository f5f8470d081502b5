/** What the server can be asked for. Views import this module and `state.js`, and need no other. */

import { state } from "./state.js";
import { get, post, remove, upload } from "./wire.js";
import { settle } from "./judging.js";

export { judge, undo, redo } from "./judging.js";
export { picture, prefetch } from "./images.js";
export { Refused } from "./wire.js";

const AT_ONCE = 200;

/** The address of a picture of a photo: kind is `thumb`, `preview`, `full` or `heat`. */
export function url(kind, id) {
  return `${kind}/${id}?v=${encodeURIComponent(state.rows.get(id)?.v ?? "")}`;
}

/** The address of the n-th face of a photo. */
export function faceUrl(id, n) {
  return `face/${id}/${n}?v=${encodeURIComponent(state.rows.get(id)?.v ?? "")}`;
}

/** Asks for the photos that a filter keeps, in their order: `{version, ids, groups, total, error}`. */
export function list(filter, sort, down, signal) {
  return get(`list?${new URLSearchParams({ filter, sort, down: down ? "1" : "0" })}`, signal);
}

/** Fetches rows and stores them in the state; returns them as shown (with what is on its way to the disk). */
export async function rows(ids) {
  const found = [];
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    found.push(...settle(await get(`rows?ids=${ids.slice(at, at + AT_ONCE).join(",")}`)));
  }
  return found;
}

/** Everything that is known of one photo: `{row, record, exif, parts, overlay, others}`. */
export async function photo(id, signal) {
  const found = await get(`photo/${id}`, signal);
  if (found.row) settle([found.row]);
  return found;
}

/** The crop that is suggested, `{box, aspect, gain}`; null where none is better than the whole photo. */
export const suggestedCrop = async (id) => (await get(`crop/${id}`)).crop;

export const savedFilters = () => get("filters");
export const saveFilter = (filter) => post("filters", filter);
export const removeFilter = (name) => remove(`filters/${encodeURIComponent(name)}`);
export const drop = (files) => upload("drop", files);
export const learn = () => post("learn");
export const agreement = () => get("agreement");
export const undecided = () => get("undecided");
