/** Short messages at the foot of the page, and words for those who listen instead of looking. */

const STAY_MS = 6000;

/**
 * Shows a message. `kind` is `info` or `error`; `actions` are `[label, function]` and keep the message until one is
 * chosen. Returns a function that takes the message away.
 */
export function say(text, { kind = "info", actions = [], stay = STAY_MS } = {}) {
  const box = document.createElement("div");
  box.className = `message ${kind}`;
  const words = document.createElement("p");
  words.textContent = text;
  box.append(words);
  const close = () => box.remove();
  for (const [label, act] of [...actions, ["Close", () => {}]]) box.append(button(label, () => { close(); act(); }));
  document.getElementById("messages").append(box);
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
