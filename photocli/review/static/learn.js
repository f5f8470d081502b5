/** Learning from a person's ratings: says the held-out figure, and has the photos sorted anew. */

import { learn } from "./api.js";
import { reload } from "./listing.js";
import { dialog, make } from "./make.js";
import { say } from "./messages.js";

const percent = (share) => `${Math.round(share * 100)}%`;

/** The held-out figure in a line of its own, beside that of the general model where it is known. */
function figures({ held_out: heldOut, general }) {
  if (heldOut === null || heldOut === undefined) return [];
  const big = make("p", "figure", percent(heldOut));
  const than = general === null || general === undefined ? "" : ` The general model has ${percent(general)}.`;
  return [big, make("p", "", `of pairs of ratings that it had not seen stand in your order.${than}`)];
}

/**
 * Learns from the ratings on the disk.
 * @param {HTMLButtonElement | null} asked  the button that was pressed; it can't be pressed twice
 */
export async function learnFromRatings(asked = null) {
  const words = asked?.textContent;
  if (asked) Object.assign(asked, { disabled: true, textContent: "Learning …" });
  const close = say("Learning from your ratings. This may take a while.", { stay: 600000 });
  try {
    const learned = await learn();
    dialog("Learned from your ratings", ...figures(learned), make("p", "", learned.message));
    await reload();
  } catch (error) {
    say(error.message, { kind: "error" });
  } finally {
    close();
    if (asked) Object.assign(asked, { disabled: false, textContent: words });
  }
}
