/**
 * Thumbnails on their way. Few are fetched at once, so that a rating never waits for a connection behind sixty of them,
 * and what was scrolled away is taken back.
 */

const AT_ONCE = 3;
const REST_MS = 90;

/** Images that wait for their turn, with their addresses; the first that came is the first to go. */
const waiting = new Map();
const flying = new Map();
let resting = 0;

/** Has an image show an address. What it showed before is gone at once. */
export function want(image, address) {
  if (image.dataset.address === address) return;
  leave(image);
  image.dataset.address = address;
  waiting.set(image, address);
  pump();
}

/** Takes the wish for an image back. */
export function leave(image) {
  waiting.delete(image);
  if (flying.has(image)) done(image);
  delete image.dataset.address;
  image.removeAttribute("src");
}

/** Holds new fetches for a moment: the page is being scrolled too fast to look at what passes. */
export function rest() {
  clearTimeout(resting);
  resting = setTimeout(() => { resting = 0; pump(); }, REST_MS);
}

function pump() {
  if (resting) return;
  for (const [image, address] of waiting) {
    if (flying.size >= AT_ONCE) return;
    waiting.delete(image);
    const listener = ({ type }) => {
      done(image);
      if (type === "error") image.removeAttribute("src"); // no sign of a broken picture
      pump();
    };
    flying.set(image, listener);
    image.addEventListener("load", listener);
    image.addEventListener("error", listener);
    image.src = address;
  }
}

function done(image) {
  const listener = flying.get(image);
  flying.delete(image);
  image.removeEventListener("load", listener);
  image.removeEventListener("error", listener);
}
