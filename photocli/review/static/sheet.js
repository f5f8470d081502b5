/**
 * One picture as it lies under a pane: its thumbnail or preview as an `<img>`, and a canvas over it for the seen part
 * of the full picture, and of the preview while it moves. Browsers scale a whole `<img>` anew at each step of a zoom,
 * which takes seconds for six large pictures; of a bitmap only the part that is seen is drawn.
 */

export class Sheet {
  /** @type {HTMLImageElement | null} */
  image = null;
  /** @type {ImageBitmap | null} */
  bitmap = null;
  /** The preview as a bitmap. @type {ImageBitmap | null} */
  #small = null;
  /** How often its preview was asked for in vain. */
  missed = 0;
  #closed = false;
  #canvas = document.createElement("canvas");
  #pen = this.#canvas.getContext("2d", { alpha: false });

  /** @param {string} name  of the picture, for those who listen */
  constructor(name) {
    this.element = document.createElement("div");
    this.element.className = "sheet";
    this.element.setAttribute("role", "img");
    this.element.setAttribute("aria-label", name);
    this.#canvas.className = "whole";
    this.#canvas.hidden = true;
    this.element.append(this.#canvas);
  }

  /** Shows a decoded thumbnail or preview; the one before goes when this one has been painted. */
  lay(image) {
    const before = this.image;
    this.image = image;
    if (before) before.after(image);
    else this.element.prepend(image);
    if (before) requestAnimationFrame(() => requestAnimationFrame(() => before.remove()));
    if (image.dataset.level === "preview") this.#keep(image);
  }

  /** Takes the full picture, which is drawn from the next `place` on. */
  fill(bitmap) {
    this.bitmap = bitmap;
  }

  /** Whether more pixels than the preview's are shown at this width, in CSS pixels. */
  short(width) {
    return width * devicePixelRatio > this.image.naturalWidth * 1.02;
  }

  /**
   * Puts the picture at a place of its pane, in CSS pixels.
   * @param {{left: number, top: number, width: number, height: number}} place
   * @param {{width: number, height: number}} box  the pane's size
   * @param {boolean} moving  whether the next place is expected soon
   */
  place({ left, top, width, height }, box, moving) {
    Object.assign(this.element.style, { width: `${width}px`, height: `${height}px` });
    this.element.style.transform = `translate(${left}px, ${top}px)`;
    const drawn = this.short(width) ? this.bitmap : moving ? this.#small : null;
    this.image.hidden = Boolean(drawn);
    this.#canvas.hidden = !drawn;
    if (drawn) this.#draw(drawn, { left, top, width, height }, box);
  }

  /** Lets go of the picture's memory. */
  close() {
    this.#closed = true;
    this.bitmap?.close();
    this.#small?.close();
    this.bitmap = null;
    this.#small = null;
    this.element.remove();
  }

  async #keep(image) {
    const bitmap = await createImageBitmap(image);
    if (this.#closed) bitmap.close();
    else this.#small = bitmap;
  }

  #draw(bitmap, { left, top, width, height }, box) {
    const sides = [box.width, box.height].map((side) => Math.round(side * devicePixelRatio));
    const canvas = this.#canvas;
    if (canvas.width !== sides[0]) canvas.width = sides[0];
    if (canvas.height !== sides[1]) canvas.height = sides[1];
    Object.assign(canvas.style, { width: `${box.width}px`, height: `${box.height}px` });
    canvas.style.transform = `translate(${-left}px, ${-top}px)`;
    const [from, to] = [Math.max(0, left), Math.min(box.width, left + width)];
    const [over, under] = [Math.max(0, top), Math.min(box.height, top + height)];
    const across = bitmap.width / width;
    const down = bitmap.height / height;
    const scale = devicePixelRatio;
    canvas.style.clipPath = `inset(${over}px ${box.width - to}px ${box.height - under}px ${from}px)`;
    this.#pen.imageSmoothingEnabled = across > 1 / (2 * scale); // enlarged, pixels are shown as they are
    this.#pen.drawImage(
      bitmap,
      ...[(from - left) * across, (over - top) * down, (to - from) * across, (under - over) * down],
      ...[from * scale, over * scale, (to - from) * scale, (under - over) * scale],
    );
  }
}
