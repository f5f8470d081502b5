/** Learning from a person's ratings: what was learned, the held-out figure, and the photos sorted anew. */

import { learn } from "./api.js";
import { reload } from "./listing.js";
import { make } from "./make.js";

const percent = (share) => `${Math.round(share * 100)}%`;

/** Shares as bars with their figures. */
function bars(pairs, title) {
  const list = make("dl", "bars");
  for (const [name, share] of pairs) {
    const value = make("dd");
    const bar = make("i");
    bar.style.width = percent(share);
    value.append(bar, make("b", "", percent(share)));
    list.append(make("dt", "", name), value);
  }
  const made = make("div");
  made.append(make("h4", "", title), list);
  return made;
}

/** Learns from the ratings on the disk and sorts by what was learned; returns elements that say how well it went. */
export async function learned() {
  const { message, held_out: heldOut, general, kept } = await learn();
  const shown = [make("p", "", message)];
  if (typeof heldOut === "number") {
    const others = typeof general === "number" ? [["the general model", general]] : [];
    const title = "Pairs of photos in your order, among ratings it had not seen";
    shown.push(bars([["your taste", heldOut], ...others], title));
  }
  if (kept !== false) await reload({ top: true });
  return shown;
}
