/**
 * What a person set once and finds again: in cookies, as each start of photocli has another port, and the browser's
 * other stores are by port. They hold the theme and the like, and no photo.
 */

import { state } from "./state.js";

const YEAR_S = 31536000;

/** A preference as text; null where it was never set. */
export function preference(name) {
  const found = document.cookie.split("; ").find((each) => each.startsWith(`photocli_${name}=`));
  return found ? decodeURIComponent(found.slice(found.indexOf("=") + 1)) : null;
}

/** Keeps a preference and tells those who listen. */
export function prefer(name, value) {
  document.cookie =
    `photocli_${name}=${encodeURIComponent(value)}; path=/; max-age=${YEAR_S}; SameSite=Strict`;
  state.emit("preference", { name, value });
}

/** Whether the page is dark: it is until one chooses light. */
export const isDark = () => document.documentElement.dataset.theme !== "light";

/** Goes from light to dark or back, and keeps it. */
export function switchTheme() {
  const theme = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  prefer("theme", theme);
}
