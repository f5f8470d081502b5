/** The grid of photos. */

export function enter() {}

export function leave() {}

export function key() {
  return false;
}
