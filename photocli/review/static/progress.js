/** How far scoring is, and how long it takes still. */

import { counted, make } from "./make.js";
import { announce } from "./messages.js";

const bar = document.getElementById("progress");
const track = bar.querySelector(".track");
const words = bar.querySelector("span");
let was = false;

/** Shows the progress while there is some; says once when it is over. */
export function showProgress(told, busy) {
  const { done, total } = told;
  if (bar.dataset.lost) return;
  bar.hidden = !busy;
  if (was && !busy) announce(`All ${counted(total)} photos are scored.`);
  was = busy;
  track.setAttribute("aria-valuemax", total);
  track.setAttribute("aria-valuenow", done);
  track.firstElementChild.style.transform = `scaleX(${total ? done / total : 0})`;
  words.textContent = inWords(told);
  track.setAttribute("aria-valuetext", words.textContent);
}

function inWords({ done, total, rate, left_s: left, failed, phase, closer = [0, 0] }) {
  if (phase === "grouping") return "Grouping and comparing";
  if (phase === "looking closer") return `Looking closer at photos that are nearly equal: ${counted(closer[0])} of ${counted(closer[1])}`;
  return [
    `${counted(done)} of ${counted(total)} scored`,
    rate ? `${rate < 10 ? rate.toFixed(1) : Math.round(rate)} a second` : null,
    left ? `${duration(left)} left` : null,
    failed ? `${counted(failed)} could not be read` : null,
  ].filter(Boolean).join(" · ");
}

/** Says that the server does not answer, or that it does again. */
export function lost(gone) {
  if (gone === Boolean(bar.dataset.lost)) return;
  if (gone) bar.dataset.lost = "yes";
  else delete bar.dataset.lost;
  bar.hidden = !gone;
  if (gone) words.textContent = "photocli does not answer. Ratings cannot be written until it does.";
  announce(gone ? words.textContent : "photocli answers again.");
}

function duration(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
