/**
 * Where a picture is in focus: edges that are steep over one or two pixels.
 *
 * A place counts if the energy of the gradient about it stands well above the picture's noise, and is higher
 * over one pixel than over two. A blurred edge of high contrast is as steep over two pixels as over one, and noise
 * does not stand above itself.
 */

const STEEP = 5; // levels of 255 over a pixel, the least root mean square about a sharp edge
const OVER_NOISE = 4; // times the energy of the noise
const FINER = 1.25; // the gradient's energy over one pixel against that over two
const REACH = 2; // pixels about a place that are looked at
const BLOCK = 16;
const QUIET = 0.3; // of the blocks are taken for flat
const LAPLACIAN = 6; // root of the sum of the kernel's squares

/**
 * The noise of a picture, as the standard deviation of its grey levels, judged by its flattest blocks.
 * @param {Uint8Array} grey  row by row
 */
export function noise(grey, width, height) {
  const step = BLOCK * Math.max(1, Math.round(Math.sqrt((width * height) / (BLOCK * BLOCK * 2000))));
  const found = [];
  for (let top = 1; top + BLOCK < height; top += step) {
    for (let left = 1; left + BLOCK < width; left += step) {
      const sigma = deviation(grey, width, left, top);
      if (sigma !== null) found.push(sigma);
    }
  }
  found.sort((a, b) => a - b);
  return found.length ? found[Math.floor(found.length * QUIET)] : 0;
}

/** The noise of one block by a kernel that edges and ramps cancel in; null where the sensor was at its end. */
function deviation(grey, width, left, top) {
  let mean = 0;
  let squares = 0;
  for (let y = top; y < top + BLOCK; y++) {
    for (let at = y * width + left; at < y * width + left + BLOCK; at++) {
      const sides = grey[at - 1] + grey[at + 1] + grey[at - width] + grey[at + width];
      const corners = grey[at - width - 1] + grey[at - width + 1] + grey[at + width - 1] + grey[at + width + 1];
      squares += (corners - 2 * sides + 4 * grey[at]) ** 2;
      mean += grey[at];
    }
  }
  mean /= BLOCK * BLOCK;
  return mean < 4 || mean > 251 ? null : Math.sqrt(squares / (BLOCK * BLOCK)) / LAPLACIAN;
}

/** Squared gradients of a row: over one pixel in `fine`, and over two in `coarse`. */
function gradients(grey, width, height, y, left, fine, coarse) {
  const up = Math.max(y - 1, 0) * width;
  const down = Math.min(y + 1, height - 1) * width;
  const up2 = Math.max(y - 2, 0) * width;
  const down2 = Math.min(y + 2, height - 1) * width;
  const row = y * width;
  const last = width - 1;
  for (let at = 0; at < fine.length; at++) {
    const x = left + at;
    const a = (grey[row + Math.min(x + 1, last)] - grey[row + Math.max(x - 1, 0)]) / 2;
    const b = (grey[down + x] - grey[up + x]) / 2;
    const c = (grey[row + Math.min(x + 2, last)] - grey[row + Math.max(x - 2, 0)]) / 4;
    const d = (grey[down2 + x] - grey[up2 + x]) / 4;
    fine[at] = a * a + b * b;
    coarse[at] = c * c + d * d;
  }
}

/** Rows of gradients about the one that is judged, and their sums by column. */
class Band {
  constructor(picture, left, right) {
    const count = right - left;
    Object.assign(this, { picture, left, count, rows: [] });
    this.fine = new Float64Array(count);
    this.coarse = new Float64Array(count);
  }

  /** Adds the row y and drops the oldest one. */
  push(y) {
    const { grey, width, height } = this.picture;
    const full = this.rows.length > 2 * REACH;
    const row = full ? this.rows.shift() : { fine: new Float32Array(this.count), coarse: new Float32Array(this.count) };
    if (full) this.#count(row, -1);
    const inside = Math.min(Math.max(y, 0), height - 1);
    gradients(grey, width, height, inside, this.left, row.fine, row.coarse);
    this.rows.push(row);
    this.#count(row, 1);
  }

  #count(row, sign) {
    for (let at = 0; at < this.count; at++) {
      this.fine[at] += sign * row.fine[at];
      this.coarse[at] += sign * row.coarse[at];
    }
  }
}

/**
 * Marks the edges in focus of a part of a picture.
 * @param {{grey: Uint8Array, width: number, height: number, noise: number}} picture
 * @param {[number, number, number, number]} part  left, top, right, bottom, in pixels
 * @param {number} columns  of the answer
 * @param {number} rows  of the answer
 * @returns {Uint8Array} 1 where an edge in focus is, row by row; a cell may stand for several pixels
 */
export function edges(picture, [left, top, right, bottom], columns, rows) {
  const marks = new Uint8Array(columns * rows);
  const band = new Band(picture, left, right);
  for (let y = top - REACH; y < top + REACH; y++) band.push(y);
  for (let y = top; y < bottom; y++) {
    band.push(y + REACH);
    const row = Math.floor(((y - top) * rows) / (bottom - top)) * columns;
    mark(band, picture.noise, marks, row, columns);
  }
  return marks;
}

function mark(band, sigma, marks, row, columns) {
  const { fine, coarse, count } = band;
  const own = band.rows[REACH].fine;
  const size = (2 * REACH + 1) ** 2;
  const least = Math.max(STEEP * STEEP, (1 + OVER_NOISE) * sigma * sigma) * size;
  const grain = sigma * sigma * size * (1 - FINER / 4); // noise has a quarter of its energy over two pixels
  let sharp = 0;
  let soft = 0;
  for (let x = 0; x < Math.min(REACH, count); x++) {
    sharp += fine[x];
    soft += coarse[x];
  }
  for (let x = 0; x < count; x++) {
    if (x + REACH < count) {
      sharp += fine[x + REACH];
      soft += coarse[x + REACH];
    }
    if (x > REACH) {
      sharp -= fine[x - REACH - 1];
      soft -= coarse[x - REACH - 1];
    }
    if (sharp < least || sharp - grain < FINER * soft || own[x] * size < sharp) continue;
    marks[row + Math.floor((x * columns) / count)] = 1;
  }
}
