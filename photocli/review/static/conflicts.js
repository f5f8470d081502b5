/** What an editor or another tab has changed meanwhile: shown, and left to the person who looks. */

import { state } from "./state.js";
import { judge, rows } from "./api.js";
import { say } from "./messages.js";
import { inWords } from "./rate.js";
import { sentence } from "./wire.js";

/** Listens to conflicts. */
export function begin() {
  state.on("conflict", show);
}

function show({ id, stands, message, change }) {
  const name = state.rows.get(id)?.name ?? "This photo";
  const theirs = { stars: stands?.stars ?? null, pick: stands?.pick ?? null, label: stands?.label ?? null };
  const words = sentence(message || `${name} was changed meanwhile, it has ${inWords(theirs)}`) +
    (change ? ` You chose: ${inWords(change)}.` : "");
  const take = ["Take theirs", () => rows([id])];
  const mine = ["Use mine", async () => { await rows([id]); await judge([id], change); }];
  say(words, { kind: "conflict", actions: change ? [take, mine] : [take], close: false });
}
