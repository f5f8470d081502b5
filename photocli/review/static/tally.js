/** Counts what a cull took: keys that were pressed, clicks and touches, and the time. */

const SILENT = new Set(["Shift", "Control", "Alt", "Meta", "CapsLock", "Tab", "AltGraph"]);

export class Tally {
  keys = 0;
  clicks = 0;
  #began = performance.now();
  #stopper = new AbortController();

  /** @param {() => void} changed  is called after each key or click */
  constructor(section, changed) {
    const listen = (target, name, does) => target.addEventListener(name, does, { capture: true, signal: this.#stopper.signal });
    listen(document, "keydown", ({ key, repeat }) => {
      if (repeat || SILENT.has(key) || document.querySelector("dialog[open]")) return;
      this.keys += 1;
      changed();
    });
    listen(section, "pointerdown", () => {
      this.clicks += 1;
      changed();
    });
  }

  /** Counts no more. */
  stop() {
    this.seconds ??= (performance.now() - this.#began) / 1000;
    this.#stopper.abort();
  }

  /** `12 keys and 3 clicks`. */
  get words() {
    const counted = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;
    const keys = counted(this.keys, "keystroke");
    return this.clicks ? `${keys} and ${counted(this.clicks, "click")}` : keys;
  }

  /** `1 min 20 s`. */
  get time() {
    const seconds = Math.round(this.seconds ?? 0);
    return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  }
}
