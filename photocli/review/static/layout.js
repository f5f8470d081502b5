/** Where cards stand: plain arithmetic over places, as all cards are of one size. */

const GAP = 10;
const PADDING = 12;
const TEXT = 54; // pixels under the picture: stars and score, name and marks
const SHAPE = 0.72; // height of the picture's frame by its width

/**
 * Works out columns and sizes. `wide` is the width of the scroller in pixels, `size` the wished width of a card.
 * A phone has two columns at least, so that cards can be compared.
 */
export function layout(wide, size) {
  const [gap, padding] = wide < 600 ? [6, 6] : [GAP, PADDING];
  const inside = Math.max(wide - 2 * padding, 80);
  const columns = Math.max(wide < 600 ? 2 : 1, Math.floor((inside + gap) / (size + gap)));
  const width = Math.floor((inside - gap * (columns - 1)) / columns);
  const height = Math.round(width * SHAPE) + TEXT;
  return { columns, width, height, gap, padding, step: height + gap };
}

/** The height of all rows, in pixels. */
export function fullHeight(made, count) {
  return Math.ceil(count / made.columns) * made.step - (count ? made.gap : 0) + 2 * made.padding;
}

/** The left and top edge of the card at a place, in pixels. */
export function corner(made, place) {
  const column = place % made.columns;
  const row = Math.floor(place / made.columns);
  return { x: made.padding + column * (made.width + made.gap), y: made.padding + row * made.step };
}

/** First place and the one behind the last of the rows that are seen, with `over` rows more on both sides. */
export function seen(made, top, tall, count, over) {
  const first = Math.max(0, Math.floor((top - made.padding) / made.step) - over);
  const last = Math.ceil((top + tall - made.padding) / made.step) + over;
  return [Math.min(first * made.columns, count), Math.min(last * made.columns, count)];
}

/** How many rows a key that turns the page goes on: what fits, less one. */
export const pageRows = (made, tall) => Math.max(1, Math.floor(tall / made.step) - 1);
