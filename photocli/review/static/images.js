/** Large pictures, fetched and decoded before they are looked at. */

import { state } from "./state.js";

/** How many are kept; a decoded full-HD picture takes about 11 MB. */
const KEPT = 8;
const kept = new Map();

/**
 * A picture of a photo as an `<img>` that is kept for the next time; `image.ready` resolves once it is decoded,
 * and rejects where there is none. The same element is given again, so it stands in one place at a time.
 */
export function picture(kind, id) {
  const key = `${kind}/${id}?v=${encodeURIComponent(state.rows.get(id)?.v ?? "")}`;
  let image = kept.get(key);
  if (image) kept.delete(key);
  else image = begin(key);
  kept.set(key, image);
  forget();
  return image;
}

function begin(key) {
  const image = new Image();
  image.decoding = "async";
  image.alt = "";
  image.draggable = false;
  image.src = key;
  image.ready = image.decode();
  image.ready.catch(() => kept.delete(key));
  return image;
}

function forget() {
  for (const [key, image] of kept) {
    if (kept.size <= KEPT) return;
    if (image.isConnected) continue;
    kept.delete(key);
    if (!image.complete) image.removeAttribute("src");
  }
}

let wish = 0;

/** Fetches and decodes pictures that will be looked at next, one after another, until others are wished for. */
export async function prefetch(ids, kind = "preview") {
  const mine = (wish += 1);
  for (const id of ids) {
    if (id === null || id === undefined) continue;
    if (mine !== wish) return;
    await picture(kind, id).ready.catch(() => {});
  }
}
