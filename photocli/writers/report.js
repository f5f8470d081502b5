"use strict";
// Everything from the data becomes text nodes and properties, never markup: file names may be hostile.
const data = JSON.parse(document.getElementById("data").textContent);
const photos = data.photos;
const by = (id) => document.getElementById(id);
const PAGE = 120;
const SORTS = [["score", "score"], ["aesthetic", "aesthetic"], ["taste", "your taste"],
  ["aesthetic_good", "chance of being good"], ["technical", "technical quality"], ["selfie", "selfie"],
  ["captured", "capture time"], ["rank_in_group", "rank in group"], ["name", "name"], ["order", "order found"]];
const FACTS = [["camera", "camera"], ["lens", "lens"], ["captured", "taken"], ["exposure", "exposure"],
  ["iso", "ISO"], ["focal_mm", "focal length, mm"], ["technical", "technical quality"], ["faults", "faults"],
  ["blur", "blur"], ["motion_blur", "motion blur"], ["underexposed", "underexposed"], ["overexposed", "overexposed"],
  ["noise", "noise"], ["compression", "compression"], ["faces", "faces"],
  ["selfie", "selfie"], ["face_sharpness", "sharpness of the face"], ["medium", "medium"], ["style", "style"], ["cropped", "cropped"], ["taste", "your taste"],
  ["group", "group"], ["rank_in_group", "rank in group"], ["size", "size"], ["path", "file"], ["models", "models"]];
const state = { view: [], shown: 0, bin: null, open: -1 };

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function clean(text) {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ud800-\udfff]/gu, "\ufffd");
}

function number(value, digits = 2) {
  return value === null || value === undefined ? "–" : Number(value).toFixed(digits).replace("-", "−");
}

function starsOf(photo) {
  return photo.stars ? "★".repeat(photo.stars) + "☆".repeat(5 - photo.stars) : "";
}

function prepare() {
  photos.forEach((photo, order) => {
    photo.order = order;
    photo.name = clean(photo.path.split(/[\\/]/).pop());
    photo.faults = photo.faults.map((fault) => fault.replaceAll("_", " "));
    photo.text = [photo.path, photo.camera, photo.lens, photo.aesthetic_class, photo.style, photo.medium,
      ...photo.answers.map((answer) => answer.label), ...photo.faults]
      .filter(Boolean).join("\n").toLowerCase();
    photo.size = photo.width ? `${photo.width} × ${photo.height}` : null;
    photo.exposure = exposureOf(photo);
  });
}

function exposureOf(photo) {
  const seconds = photo.exposure_s;
  const parts = [];
  if (seconds) parts.push(seconds < 0.3 ? `1/${Math.round(1 / seconds)} s` : `${seconds} s`);
  if (photo.f_number) parts.push(`f/${photo.f_number}`);
  return parts.join(", ") || null;
}

function why(photo) {
  if (photo.status !== "ok") return `Not scored: ${clean(photo.error || "it is no photo")}`;
  if (photo.aesthetic === null) return "No model for aesthetics was run.";
  const said = [`People would rate it ${number(photo.aesthetic, 1)} of 10 on average`];
  if (photo.aesthetic_std !== null) {
    const spread = photo.aesthetic_std;
    said.push(`, with votes spread by ±${number(spread, 1)}`);
  }
  said.push(". ");
  if (photo.aesthetic_good !== null) {
    said.push(`The chance of being in the better half is ${Math.round(100 * photo.aesthetic_good)}%`);
    said.push(". ");
  }
  if (photo.aesthetic_class) said.push(`It counts as ${photo.aesthetic_class}. `);
  if (photo.taste !== null && photo.taste !== undefined) {
    const gap = photo.taste - photo.aesthetic;
    said.push(`Your taste puts it ${number(Math.abs(gap), 1)} ${gap < 0 ? "lower" : "higher"}. `);
  }
  if (photo.made_of) said.push(`The score adds up: ${number(photo.score)} = ${photo.made_of}. `);
  if (photo.faces) {
    said.push(photo.faces === 1 ? "It shows one face" : `It shows ${photo.faces} faces`);
    if (photo.selfie !== null) said.push(`, ${photo.faces > 1 ? "the most prominent one " : ""}rated ${number(photo.selfie, 1)} as a selfie`);
    said.push(". ");
  }
  if (photo.rank_in_group) said.push(`It is number ${photo.rank_in_group} of its group. `);
  return said.join("");
}

// The charts: bars that filter.

function chart(title, key, bins, labelOf) {
  const counts = bins.map((bin) => photos.filter((photo) => photo.status === "ok" && bin.has(photo)).length);
  const most = Math.max(...counts);
  if (!most) return;
  const box = make("section", "chart");
  box.append(make("h2", "", title));
  const bars = make("div", "bars");
  bins.forEach((bin, index) => {
    const button = make("button");
    button.type = "button";
    button.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-label", `${title} ${labelOf(index)}: ${counts[index]} photos`);
    const bar = make("i");
    bar.style.height = `${(62 * counts[index]) / most}%`;
    button.append(make("b", "", counts[index] || ""), bar, make("span", "", labelOf(index)));
    button.addEventListener("click", () => choose(button, bin));
    bars.append(button);
  });
  box.append(bars);
  by("charts").append(box);
}

function choose(button, bin) {
  const off = button.getAttribute("aria-pressed") === "true";
  for (const other of document.querySelectorAll(".bars button")) other.setAttribute("aria-pressed", "false");
  button.setAttribute("aria-pressed", String(!off));
  state.bin = off ? null : bin;
  update();
}

function charts() {
  const range = (key, low, high) => ({ has: (photo) => photo[key] !== null && photo[key] >= low && photo[key] < high });
  const scores = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((low) => range("score", low, low === 9 ? 11 : low + 1));
  chart("Scores", "score", scores, (index) => `${index + 1}–${index + 2}`);
  const stars = [1, 2, 3, 4, 5].map((count) => ({ has: (photo) => photo.stars === count }));
  chart("Stars", "stars", stars, (index) => `${index + 1}★`);
  const chances = [0, 1, 2, 3, 4].map((step) => range("aesthetic_good", step / 5, step === 4 ? 2 : (step + 1) / 5));
  chart("Chance of being in the better half", "good", chances, (index) => `${20 * index}–${20 * index + 20}%`);
}

// The grid.

function update() {
  const words = by("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const [key, sign] = [by("sort").value, Number(by("order").value)];
  const [stars, show, grouped] = [by("stars").value, by("show").value, by("groups").checked];
  state.view = photos.filter((photo) =>
    (show === "all" || photo.status === show) && (!stars || String(photo.stars) === stars) &&
    (!state.bin || state.bin.has(photo)) && words.every((word) => photo.text.includes(word)));
  state.view.sort((a, b) => (grouped && compare(a, b, "group", 1)) || compare(a, b, key, sign) || a.order - b.order);
  by("count").textContent = `${state.view.length.toLocaleString("en")} of ${photos.length.toLocaleString("en")} files shown`;
  by("grid").replaceChildren();
  state.shown = 0;
  state.grouped = grouped;
  grow();
  if (!state.view.length) by("grid").append(make("p", "empty", "Nothing matches."));
}

function compare(a, b, key, sign) {
  const [x, y] = [a[key], b[key]];
  if (x === y) return 0;
  if (x === null || x === undefined) return 1; // what has no value comes last, either way
  if (y === null || y === undefined) return -1;
  return sign * (typeof x === "string" ? x.localeCompare(y, "en", { numeric: true }) : x - y);
}

function grow() {
  const part = document.createDocumentFragment();
  for (const photo of state.view.slice(state.shown, state.shown + PAGE)) {
    const before = state.view[state.shown - 1];
    if (state.grouped && (!before || before.group !== photo.group)) part.append(heading(photo.group));
    part.append(card(photo, state.shown++));
  }
  by("grid").append(part);
}

function heading(group) {
  const title = make("h2", "group", group === null ? "Alone" : `Group ${group}`);
  return title;
}

function card(photo, index) {
  const button = make("button", "photo");
  button.type = "button";
  button.dataset.index = index;
  const frame = make("span", "frame");
  frame.append(photo.thumbnail ? imageOf(photo) : make("span", "none", clean(photo.error || "no thumbnail")));
  const text = make("span", "text");
  const row = make("span", "row");
  const score = make("span", `score ${photo.aesthetic_class || ""}`, number(photo.score));
  if (photo.aesthetic_std !== null) score.append(make("span", "spread", ` ±${number(photo.aesthetic_std, 1)}`));
  const stars = make("span", "stars", starsOf(photo));
  stars.setAttribute("aria-label", `${photo.stars || 0} stars`);
  row.append(score, stars);
  const name = make("span", "name", photo.name);
  name.title = clean(photo.path);
  text.append(row, name);
  button.append(frame, text);
  return button;
}

function imageOf(photo) {
  const image = make("img");
  image.alt = "";
  image.loading = "lazy";
  image.decoding = "async";
  image.src = `data:image/jpeg;base64,${photo.thumbnail}`;
  return image;
}

// One photo, large, with what its score means.

function open(index) {
  const photo = state.view[index];
  if (!photo) return;
  state.open = index;
  by("detail-name").textContent = photo.name;
  by("detail-image").src = photo.thumbnail ? `data:image/jpeg;base64,${photo.thumbnail}` : "";
  by("detail-image").alt = photo.name;
  by("detail-image").hidden = !photo.thumbnail;
  by("detail-score").replaceChildren(make("span", photo.aesthetic_class || "", `${number(photo.score)} / 10`), make("span", "stars", starsOf(photo)));
  by("detail-why").textContent = why(photo);
  curve(photo);
  const facts = by("detail-facts");
  facts.replaceChildren();
  for (const [key, label] of FACTS) {
    const value = Array.isArray(photo[key]) ? photo[key].join(", ") : photo[key];
    if (value === null || value === undefined || value === "") continue;
    facts.append(make("dt", "", label), make("dd", "", clean(String(value))));
  }
  for (const { model, label, confidence } of photo.answers) {
    facts.append(make("dt", "", clean(model)), make("dd", "", clean(`${label || "none"} (${number(confidence)})`)));
  }
  if (!by("detail").open) by("detail").showModal();
}

function curve(photo) {
  const svg = by("detail-curve");
  svg.replaceChildren();
  svg.toggleAttribute("hidden", photo.aesthetic === null || !photo.aesthetic_std);
  if (photo.aesthetic === null || !photo.aesthetic_std) return;
  const x = (vote) => 10 + (280 * (vote - 1)) / 9;
  const draw = (tag, attributes, text) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text) element.textContent = text;
    svg.append(element);
  };
  const points = [];
  for (let vote = 1; vote <= 10; vote += 0.1) {
    const z = (vote - photo.aesthetic) / photo.aesthetic_std;
    points.push(`${x(vote).toFixed(1)},${(70 - 58 * Math.exp((-z * z) / 2)).toFixed(1)}`);
  }
  draw("path", { d: `M${x(1)},70L${points.join("L")}L${x(10)},70Z` });
  draw("line", { x1: 10, x2: 290, y1: 70, y2: 70 });
  draw("line", { class: "mean", x1: x(photo.aesthetic), x2: x(photo.aesthetic), y1: 8, y2: 70 });
  for (let vote = 1; vote <= 10; vote++) draw("text", { x: x(vote), y: 83 }, String(vote));
}

function step(by_) {
  const next = Math.min(Math.max(state.open + by_, 0), state.view.length - 1);
  open(next);
}

function columns() {
  return getComputedStyle(by("grid")).gridTemplateColumns.split(" ").length;
}

function moveFocus(event) {
  const moves = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns(), ArrowUp: -columns() };
  const index = document.activeElement?.dataset?.index;
  if (!(event.key in moves) || index === undefined) return;
  const target = Number(index) + moves[event.key];
  if (target >= state.shown) grow();
  const found = document.querySelector(`.photo[data-index="${target}"]`);
  if (found) {
    event.preventDefault();
    found.focus();
  }
}

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

function begin() {
  prepare();
  const { photos: count, failed, skipped } = data.summary;
  const scored = photos.filter((photo) => photo.score !== null);
  const mean = scored.reduce((sum, photo) => sum + photo.score, 0) / (scored.length || 1);
  const parts = [`${count.toLocaleString("en")} photos`];
  if (scored.length) parts.push(`mean score ${mean.toFixed(2)}`);
  if (failed) parts.push(`${failed} could not be read`);
  if (skipped) parts.push(`${skipped} other files`);
  if (data.models.length) parts.push(data.models.join(", "));
  by("summary").textContent = clean(parts.join(" · "));
  for (const [key, label] of SORTS) {
    if (!photos.some((photo) => photo[key] !== null && photo[key] !== undefined)) continue;
    const option = make("option", "", label);
    option.value = key;
    by("sort").append(option);
  }
  by("grouping").hidden = !photos.some((photo) => photo.group !== null);
  charts();
  update();
  for (const id of ["search", "sort", "order", "stars", "show", "groups"]) by(id).addEventListener("input", update);
  by("size").addEventListener("input", () => document.documentElement.style.setProperty("--size", `${by("size").value}px`));
  by("controls").addEventListener("submit", (event) => event.preventDefault());
  by("grid").addEventListener("click", (event) => {
    const button = event.target.closest(".photo");
    if (button) open(Number(button.dataset.index));
  });
  by("close").addEventListener("click", () => by("detail").close());
  by("detail").addEventListener("click", (event) => event.target === by("detail") && by("detail").close());
  by("detail").addEventListener("close", () => document.querySelector(`.photo[data-index="${state.open}"]`)?.focus());
  document.addEventListener("keydown", onKey);
  new IntersectionObserver((seen) => {
    if (seen.some((entry) => entry.isIntersecting) && state.shown < state.view.length) grow();
  }, { rootMargin: "1500px" }).observe(by("more"));
  document.documentElement.dataset.ready = "true";
}

begin();
