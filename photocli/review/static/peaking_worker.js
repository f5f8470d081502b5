/** Reads pictures and finds their edges in focus, beside the page, so that no frame waits for it. */

import { edges, noise } from "./edges.js";

const KEPT = 160e6; // pixels, a byte each
const STRIP = 512; // rows that are read at once

/** Pictures as grey levels, by URL, the one used last at the end. @type {Map<string, Promise<object>>} */
const pictures = new Map();
/** The newest wish of each pane. */
const wishes = new Map();
let busy = false;

async function read(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const bitmap = await createImageBitmap(await answer.blob());
  const { width, height } = bitmap;
  const grey = new Uint8Array(width * height);
  const canvas = new OffscreenCanvas(width, Math.min(STRIP, height));
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  for (let top = 0; top < height; top += STRIP) {
    const rows = Math.min(STRIP, height - top);
    pen.drawImage(bitmap, 0, top, width, rows, 0, 0, width, rows);
    const { data } = pen.getImageData(0, 0, width, rows);
    for (let at = 0, to = top * width; at < data.length; at += 4, to++) {
      grey[to] = (data[at] * 77 + data[at + 1] * 151 + data[at + 2] * 28) >> 8;
    }
  }
  bitmap.close();
  return { grey, width, height, noise: noise(grey, width, height) };
}

function picture(url) {
  const found = pictures.get(url) ?? read(url);
  pictures.delete(url);
  pictures.set(url, found);
  return found;
}

/** Forgets the pictures that weren't used for the longest time, where there are too many. */
async function forget() {
  let total = 0;
  for (const [url, found] of [...pictures].reverse()) {
    const { width, height } = await found.catch(() => ({ width: 0, height: 0 }));
    total += width * height;
    if (!width || total > KEPT) pictures.delete(url);
  }
}

async function answer({ pane, serial, url, part, size, colour }) {
  const found = await picture(url);
  const [left, top, right, bottom] = part;
  const pixels = [
    Math.max(0, Math.floor(left * found.width)),
    Math.max(0, Math.floor(top * found.height)),
    Math.min(found.width, Math.ceil(right * found.width)),
    Math.min(found.height, Math.ceil(bottom * found.height)),
  ];
  const columns = Math.max(1, Math.min(size[0], pixels[2] - pixels[0]));
  const rows = Math.max(1, Math.min(size[1], pixels[3] - pixels[1]));
  const marks = edges(found, pixels, columns, rows);
  const drawn = new Uint32Array(columns * rows);
  const paint = new Uint32Array(new Uint8Array([...colour, 255]).buffer)[0];
  for (let at = 0; at < marks.length; at++) if (marks[at]) drawn[at] = paint;
  const image = new ImageData(new Uint8ClampedArray(drawn.buffer), columns, rows);
  const cut = [pixels[0] / found.width, pixels[1] / found.height, pixels[2] / found.width, pixels[3] / found.height];
  postMessage({ pane, serial, part: cut, image }, [image.data.buffer]);
}

async function work() {
  if (busy) return;
  busy = true;
  while (wishes.size) {
    const [pane, wish] = wishes.entries().next().value;
    wishes.delete(pane);
    try {
      await answer(wish);
    } catch {
      postMessage({ pane, serial: wish.serial, image: null });
    }
    await forget();
  }
  busy = false;
}

addEventListener("message", ({ data }) => {
  if (data.url) wishes.set(data.pane, data);
  else wishes.delete(data.pane);
  work();
});
