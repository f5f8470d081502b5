/** Photos that are dropped on the page: scored in memory, shown first, never written to. */

import { state } from "./state.js";
import { drop, rows } from "./api.js";
import { add } from "./listing.js";
import { photos } from "./make.js";
import { say } from "./messages.js";

/** Listens to what is dragged over the page. */
export function begin() {
  const landing = document.getElementById("landing");
  let depth = 0;
  const files = (event) => event.dataTransfer?.types.includes("Files");
  const over = (step) => (event) => {
    if (!files(event)) return;
    depth = Math.max(0, depth + step);
    landing.hidden = depth === 0;
  };
  addEventListener("dragenter", over(1));
  addEventListener("dragleave", over(-1));
  addEventListener("dragover", (event) => files(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!files(event)) return;
    event.preventDefault();
    depth = 0;
    landing.hidden = true;
    scoreFiles([...event.dataTransfer.files]).catch((error) => say(error.message, { kind: "error" }));
  });
}

/** Sends files to be scored and shows them. */
export async function scoreFiles(files) {
  if (!files.length) return;
  const close = say(`Scoring ${photos(files.length)}…`, { stay: 60000 });
  try {
    const { ids } = await drop(files);
    await rows(ids);
    add(ids, { first: true });
    if (ids.length) state.open("grid", [ids[0]]);
    state.focus(ids[0] ?? state.current);
  } finally {
    close();
  }
}
