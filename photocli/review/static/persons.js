/**
 * Which faces of the frames of a burst are of one person, by where they are.
 *
 * Nothing is known of a face but its box: people of a burst stay about where they are, and the whole frame may have
 * moved. So faces are paired by the smallest distance, first as they are, then without the frame's own shift.
 */

const FAR = 2.2; // sizes of a face, before the shift is known
const NEAR = 1.1;

/**
 * @typedef {object} Frame
 * @property {number} id
 * @property {number[][]} faces  boxes: left, top, right, bottom, in fractions
 * @property {number} aspect  width over height
 */

/** Middle and size of a box; x counts in heights of the frame, so that distances are true. */
function place([left, top, right, bottom], aspect) {
  return { x: ((left + right) / 2) * aspect, y: (top + bottom) / 2, size: Math.max((right - left) * aspect, bottom - top) };
}

/** Pairs of places, nearest first, each place in one at most. @returns {[number, number][]} */
function pairs(known, found, shift, reach) {
  const all = [];
  known.forEach((a, at) =>
    found.forEach((b, n) => {
      const size = Math.max(a.size, b.size);
      const far = Math.hypot(b.x - shift.x - a.x, b.y - shift.y - a.y) / size;
      const likeness = Math.min(a.size, b.size) / size;
      if (far < reach && likeness > 0.5) all.push([far, at, n]);
    }),
  );
  all.sort((a, b) => a[0] - b[0]);
  const [taken, given] = [new Set(), new Set()];
  const chosen = [];
  for (const [, at, n] of all) {
    if (taken.has(at) || given.has(n)) continue;
    taken.add(at);
    given.add(n);
    chosen.push([at, n]);
  }
  return chosen;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length ? sorted[Math.floor(sorted.length / 2)] : 0;
}

/** How far the faces of a frame are from those known, on the whole. */
function shiftOf(known, found) {
  const close = pairs(known, found, { x: 0, y: 0 }, FAR);
  return {
    x: median(close.map(([at, n]) => found[n].x - known[at].x)),
    y: median(close.map(([at, n]) => found[n].y - known[at].y)),
  };
}

/**
 * Rows of faces, a person each, from left to right.
 * @param {Frame[]} frames  in the order in which they were taken
 * @returns {Map<number, number>[]} for each person, which face (its index) of which frame (its id) is theirs
 */
export function persons(frames) {
  const people = [];
  for (const { id, faces, aspect } of frames) {
    const found = faces.map((box) => place(box, aspect));
    const known = people.map((person) => person.last);
    const matched = pairs(known, found, shiftOf(known, found), NEAR);
    const fresh = new Set(found.keys());
    for (const [at, n] of matched) {
      people[at].faces.set(id, n);
      people[at].last = found[n];
      fresh.delete(n);
    }
    for (const n of fresh) people.push({ first: found[n].x, last: found[n], faces: new Map([[id, n]]) });
  }
  people.sort((a, b) => b.faces.size - a.faces.size || a.first - b.first);
  const many = people.filter((person) => person.faces.size > 1).sort((a, b) => a.first - b.first);
  return [...many, ...people.filter((person) => person.faces.size === 1)].map((person) => person.faces);
}
