// One photo, large, with what its score means, and the others of its group.

function open(photo) {
  if (!photo) return;
  const index = state.view.indexOf(photo);
  if (index >= 0) state.open = index;
  by("detail-name").textContent = photo.name;
  by("detail-image").src = photo.thumbnail ? pictureOf(photo) : "";
  by("detail-image").alt = photo.name;
  by("detail-image").hidden = !photo.thumbnail;
  by("detail-score").replaceChildren(make("span", markOf(photo), `${number(photo.score)} / 10`),
    make("span", "stars", starsOf(photo)));
  links(photo);
  by("detail-why").textContent = why(photo);
  curve(photo);
  facts(photo);
  group(photo);
  by("previous").disabled = state.open <= 0;
  by("next").disabled = state.open >= state.view.length - 1;
  if (!by("detail").open) by("detail").showModal();
  by("detail").querySelector(".body").scrollTop = by("detail").querySelector(".facts").scrollTop = 0;
}

// Addresses are made and quoted by the program; they lead to files, and to nothing else.
function links(photo) {
  const found = [[photo.href, photo.twin ? "Open the photo" : "Open the file"], [photo.twin_href, "Open the RAW file"]];
  by("detail-links").replaceChildren(...found.filter(([href]) => href).map(([href, text]) => {
    const link = make("a", "", text);
    link.href = href;
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    link.title = clean(photo.path);
    return link;
  }));
}

function facts(photo) {
  const list = by("detail-facts");
  list.replaceChildren();
  const add = (label, value) => list.append(make("dt", "", label), make("dd", "", value));
  if (photo.members) add("group", `${kindOf(photo)}, number ${photo.rank_in_group}${photo.pick ? ` (${photo.pick})` : ""}`);
  for (const [label, of] of FACTS) {
    const value = of(photo);
    if (value !== null && value !== undefined && value !== "") add(label, clean(String(value)));
  }
  for (const { model, label, confidence } of photo.answers) add(clean(model), clean(sure(label || "none", confidence)));
  if (photo.technical !== null) add("technical quality", number(photo.technical));
  for (const key of SEVERITIES) {
    if (photo[key] === null || photo[key] === undefined) continue;
    const name = key.replaceAll("_", " ");
    add(name, number(photo[key]));
    const meter = make("i", photo.faults.includes(name) ? "meter bad" : "meter");
    meter.style.setProperty("--part", Math.min(photo[key], 1));
    list.lastChild.append(meter);
  }
  if (photo.faults.length) add("faults", photo.faults.join(", "));
  add("file", clean(photo.path));
}

function group(photo) {
  const strip = by("detail-group");
  strip.replaceChildren();
  strip.hidden = !photo.members;
  for (const member of photo.members || []) {
    const button = make("button", member === photo ? "now" : "");
    button.type = "button";
    button.setAttribute("aria-label", `Number ${member.rank_in_group}: ${member.name}`);
    if (member === photo) button.setAttribute("aria-current", "true");
    if (member.thumbnail) {
      const image = make("img");
      image.alt = "";
      image.src = pictureOf(member);
      button.append(image);
    }
    button.append(make("span", member.pick === "pick" ? "good" : "", `${member.pick === "pick" ? "✓ " : ""}${number(member.score)}`));
    button.addEventListener("click", () => open(member));
    strip.append(button);
  }
  strip.querySelector(".now")?.scrollIntoView({ block: "nearest", inline: "center" });
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
  open(state.view[state.open + by_]);
}

function swipes() {
  let from = null;
  by("detail").addEventListener("touchstart", (event) => {
    const among = event.target.closest("#detail-group");
    from = event.touches.length === 1 && !among ? event.touches[0] : null;
  }, { passive: true });
  by("detail").addEventListener("touchend", (event) => {
    if (!from) return;
    const to = event.changedTouches[0];
    const [across, down] = [to.clientX - from.clientX, to.clientY - from.clientY];
    if (Math.abs(across) > 50 && Math.abs(across) > 2 * Math.abs(down)) step(across < 0 ? 1 : -1);
  }, { passive: true });
}
