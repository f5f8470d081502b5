/** Fingers: a press that lasts. */

const LONG_MS = 450;
const STILL = 10; // pixels that a finger may move

/** Calls `act(element)` for a finger that stays; the click that would follow is swallowed. */
export function onLongPress(root, act) {
  let timer = 0;
  let from = null;
  let fired = false;
  const stop = () => { clearTimeout(timer); timer = 0; };
  root.addEventListener("pointerdown", (event) => {
    fired = false;
    if (event.pointerType !== "touch") return;
    from = event;
    timer = setTimeout(() => {
      fired = true;
      act(event.target);
    }, LONG_MS);
  });
  root.addEventListener("pointermove", (event) => {
    if (timer && Math.hypot(event.clientX - from.clientX, event.clientY - from.clientY) > STILL) stop();
  });
  for (const name of ["pointerup", "pointercancel"]) root.addEventListener(name, stop);
  root.addEventListener("contextmenu", (event) => event.pointerType === "touch" && event.preventDefault());
  root.addEventListener("click", (event) => {
    if (!fired) return;
    fired = false;
    event.stopPropagation();
    event.preventDefault();
  }, { capture: true });
}
