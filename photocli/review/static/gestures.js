/** Wheel, drag, pinch, double click and swipe over a pane. */

const NOTCH = 0.0018; // of zoom, for a pixel of the wheel
const LINE = 30; // pixels, where the wheel counts lines
const STILL = 5; // pixels that a click may move
const TWICE_MS = 350;
const SWIPE = 50;

/** The middle of pointers and the distance of two, in pixels of the page. */
function grip(pointers) {
  const [a, b = a] = pointers.values();
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, span: Math.hypot(a.x - b.x, a.y - b.y) };
}

/** A point of the page, in pixels from the middle of the pane. */
function fromMiddle(pane, { x, y }) {
  const box = pane.element.getBoundingClientRect();
  return { x: x - box.left - box.width / 2, y: y - box.top - box.height / 2 };
}

function wheel(pane, event) {
  const whole = pane.element.dataset.zoomed !== "yes";
  if (whole && !event.ctrlKey && pane.element.closest(".scrolls")) return; // the frames are scrolled
  event.preventDefault();
  const pixels = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE : 1);
  const faster = event.ctrlKey ? 5 : 1; // a pinch on a touch pad
  const factor = Math.exp(-Math.max(-200, Math.min(200, pixels)) * NOTCH * faster);
  pane.zoom.by(factor, pane, fromMiddle(pane, { x: event.clientX, y: event.clientY }));
}

/** Fingers and the mouse on one pane. */
class Hand {
  #pointers = new Map();
  #before = null;
  #start = null;
  #moved = 0;
  #tap = { at: 0, x: 0, y: 0 };

  constructor(pane) {
    this.pane = pane;
  }

  down(event) {
    if (event.button !== 0) return;
    // A pointer that was let go already, or that a test made up, can't be captured.
    try {
      this.pane.element.setPointerCapture(event.pointerId);
    } catch {
      return;
    }
    this.#pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    this.#before = grip(this.#pointers);
    if (this.#pointers.size > 1) {
      this.#moved = Infinity; // two fingers are no tap
      return;
    }
    this.#start = { ...this.#before, zoomed: this.pane.zoom.view(this.pane).scale > 1.01 };
    this.#moved = 0;
  }

  move(event) {
    if (!this.#pointers.has(event.pointerId)) return;
    this.#pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    const now = grip(this.#pointers);
    const before = this.#before;
    this.#before = now;
    this.#moved = Math.max(this.#moved, Math.hypot(now.x - this.#start.x, now.y - this.#start.y));
    if (this.#moved < STILL) return;
    const { zoom } = this.pane;
    zoom.pan(now.x - before.x, now.y - before.y, this.pane);
    if (this.#pointers.size > 1 && before.span > 0) {
      zoom.by(now.span / before.span, this.pane, fromMiddle(this.pane, now));
    }
  }

  up(event) {
    if (!this.#pointers.delete(event.pointerId)) return;
    if (this.#pointers.size) {
      this.#before = grip(this.#pointers);
      return;
    }
    if (event.type === "pointercancel") return;
    if (this.#moved < STILL) this.#tapped(event);
    else if (event.pointerType === "touch" && !this.#start.zoomed) this.#swiped(event);
  }

  #tapped(event) {
    const { clientX: x, clientY: y, timeStamp } = event;
    const near = Math.hypot(x - this.#tap.x, y - this.#tap.y) < 30;
    if (near && timeStamp - this.#tap.at < TWICE_MS) {
      this.#tap.at = 0;
      this.pane.zoom.toggle(this.pane, fromMiddle(this.pane, { x, y }));
    } else {
      this.#tap = { at: timeStamp, x, y };
    }
  }

  #swiped(event) {
    const across = event.clientX - this.#start.x;
    const down = event.clientY - this.#start.y;
    if (this.#moved === Infinity || Math.abs(across) < SWIPE || Math.abs(across) < 2 * Math.abs(down)) return;
    this.pane.dispatchEvent(new CustomEvent("swipe", { detail: across < 0 ? 1 : -1 }));
  }
}

/**
 * Lets a pane be moved by hand: the wheel and a pinch zoom about the pointer, a drag pans, a double click or tap goes
 * to the picture's pixels and back, and a swipe over a whole picture asks for the next one.
 * @param {import("./pane.js").Pane} pane
 * @returns {() => void} stops it
 */
export function gestures(pane) {
  const hand = new Hand(pane);
  const stopper = new AbortController();
  const listen = (name, does, passive = true) =>
    pane.element.addEventListener(name, does, { passive, signal: stopper.signal });
  listen("wheel", (event) => wheel(pane, event), false);
  listen("pointerdown", (event) => hand.down(event));
  listen("pointermove", (event) => hand.move(event));
  listen("pointerup", (event) => hand.up(event));
  listen("pointercancel", (event) => hand.up(event));
  return () => stopper.abort();
}
