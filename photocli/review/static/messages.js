/** Short messages at the foot of the page, and words for those who listen instead of looking. */

const STAY_MS = 6000;

/**
 * Shows a message. `kind` is `info`, `error` or `conflict`; `actions` are `[label, function]` and keep the message until
 * one is chosen; without `close` it cannot be put away. Returns a function that takes the message away.
 */
export function say(text, { kind = "info", actions = [], stay = STAY_MS, close: closable = true } = {}) {
  const box = document.createElement("div");
  box.className = `message ${kind}`;
  const words = document.createElement("p");
  words.textContent = text;
  box.append(words);
  const close = () => {
    if (box.contains(document.activeElement)) document.activeElement.blur();
    box.remove();
  };
  for (const [label, act] of [...actions, ...(closable ? [["Close", () => {}]] : [])]) box.append(button(label, () => { close(); act(); }));
  // What lies under a dialog can be neither seen nor reached.
  (document.querySelector("dialog[open] .dialog-body") ?? document.getElementById("messages")).append(box);
  announce(text);
  if (!actions.length) setTimeout(close, stay);
  return close;
}

function button(label, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = label;
  made.addEventListener("click", act);
  return made;
}

/** Has a screen reader say something, once it has said what it is saying. */
export function announce(text) {
  const live = document.getElementById("live");
  live.textContent = "";
  requestAnimationFrame(() => { live.textContent = text; });
}
