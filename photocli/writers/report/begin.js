// What the page says above the photos, and what happens when somebody acts.

function onKey(event) {
  if (by("detail").open) {
    if (event.key === "ArrowRight") step(1);
    if (event.key === "ArrowLeft") step(-1);
  } else if (event.key === "/" && document.activeElement !== by("search")) {
    event.preventDefault();
    by("search").focus();
  } else {
    moveFocus(event);
  }
}

function days() {
  const dates = photos.map((photo) => photo.captured).filter(Boolean).map((captured) => captured.slice(0, 10)).sort();
  if (2 * dates.length < photos.length || !dates.length) return [];
  const [first, last] = [dates[0], dates[dates.length - 1]];
  if (Date.parse(last) - Date.parse(first) > 366 * 86400e3) return []; // of no one shoot, or a clock was wrong
  return [first === last ? dayOf(first) : `${dayOf(first)} – ${dayOf(last)}`];
}

function summarize() {
  const { photos: count, failed, skipped } = data.summary;
  const scored = photos.filter((photo) => photo.score !== null);
  const mean = scored.reduce((sum, photo) => sum + photo.score, 0) / (scored.length || 1);
  const groups = new Set(photos.filter((photo) => photo.members).map((photo) => photo.group));
  const parts = [counted(count, "photo"), ...days()];
  if (groups.size) parts.push(`${groups.size.toLocaleString("en")} ${groups.size === 1 ? "burst or series" : "bursts and series"}`);
  if (scored.length) parts.push(`mean score ${mean.toFixed(2)}`);
  if (failed) parts.push(`${failed.toLocaleString("en")} could not be read`);
  if (skipped) parts.push(counted(skipped, "other file"));
  by("summary").textContent = clean(parts.join(" · "));
  if (data.models.length) by("made").textContent += ` · ${clean(data.models.join(", "))}`;
}

function controls() {
  for (const [key, label] of SORTS) {
    if (!photos.some((photo) => photo[key] !== null && photo[key] !== undefined)) continue;
    const option = make("option", "", label);
    option.value = key;
    by("sort").append(option);
  }
  by("grouping").hidden = !photos.some((photo) => photo.members);
  for (const id of ["search", "sort", "order", "stars", "show", "groups"]) by(id).addEventListener("input", update);
  if (matchMedia("(max-width: 640px)").matches) by("size").value = 116; // two photos of 3:2 beside each other
  const resize = () => document.documentElement.style.setProperty("--size", `${by("size").value}px`);
  by("size").addEventListener("input", resize);
  resize();
  by("controls").addEventListener("submit", (event) => event.preventDefault());
  by("filters").addEventListener("click", () => {
    const all = by("controls").classList.toggle("all");
    by("filters").setAttribute("aria-expanded", String(all));
  });
}

function begin() {
  prepare();
  summarize();
  controls();
  charts();
  update();
  by("grid").addEventListener("click", (event) => {
    const button = event.target.closest(".photo");
    if (button) open(state.view[button.dataset.index]);
  });
  by("close").addEventListener("click", () => by("detail").close());
  by("previous").addEventListener("click", () => step(-1));
  by("next").addEventListener("click", () => step(1));
  by("detail").addEventListener("click", (event) => event.target === by("detail") && by("detail").close());
  by("detail").addEventListener("close", () => {
    while (state.open >= state.shown && state.shown < state.view.length) grow();
    document.querySelector(`.photo[data-index="${state.open}"]`)?.focus();
  });
  swipes();
  document.addEventListener("keydown", onKey);
  new IntersectionObserver((seen) => {
    if (seen.some((entry) => entry.isIntersecting) && state.shown < state.view.length) grow();
  }, { rootMargin: "1500px" }).observe(by("more"));
  document.documentElement.dataset.ready = "true";
}

begin();
