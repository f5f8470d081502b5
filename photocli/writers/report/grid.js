// The grid: what is shown, in which order, and the cards, whose pictures come and go as they are scrolled.

const PAGE = 120;
const SORTS = [["score", "score"], ["aesthetic", "aesthetic"], ["taste", "your taste"],
  ["aesthetic_good", "chance of being in the better half"], ["technical", "technical quality"], ["selfie", "selfie"],
  ["captured", "capture time"], ["name", "name"], ["order", "order found"]];
const state = { view: [], shown: 0, bin: null, open: -1 };

function update() {
  const words = by("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const [key, sign] = [by("sort").value, Number(by("order").value)];
  const [stars, show] = [by("stars").value, by("show").value];
  state.grouping = by("groups").value;
  const found = photos.filter((photo) =>
    (show === "all" || photo.status === show) && (!stars || String(photo.stars) === stars) &&
    (!state.bin || state.bin.has(photo)) && words.every((word) => photo.text.includes(word)));
  found.sort((a, b) => compare(a, b, key, sign) || a.order - b.order);
  state.view = gathered(found);
  by("count").textContent = `${found.length.toLocaleString("en")} of ${counted(photos.length, "file")} shown` +
    (state.view.length < found.length ? `, ${(found.length - state.view.length).toLocaleString("en")} of them behind the best of their group` : "");
  near.disconnect();
  by("grid").replaceChildren();
  state.shown = 0;
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

// A group stands where its first photo does, in the order of its ranks, whatever the photos are sorted by.
function gathered(found) {
  if (state.grouping === "apart") return found;
  const [wanted, done, view] = [new Set(found), new Set(), []];
  for (const photo of found) {
    if (!photo.members) view.push(photo);
    else if (!done.has(photo.group)) {
      done.add(photo.group);
      const members = photo.members.filter((member) => wanted.has(member));
      view.push(...(state.grouping === "best" ? members.slice(0, 1) : members));
    }
  }
  return view;
}

function grow() {
  const part = document.createDocumentFragment();
  for (const photo of state.view.slice(state.shown, state.shown + PAGE)) part.append(card(photo, state.shown++));
  const cards = [...part.children];
  by("grid").append(part);
  for (const element of cards) near.observe(element);
}

function card(photo, index) {
  const button = make("button", "photo");
  button.type = "button";
  button.dataset.index = index;
  button.style.setProperty("--aspect", Math.min(Math.max((photo.width || 3) / (photo.height || 2), 0.5), 3).toFixed(4));
  const frame = make("span", "frame");
  frame.append(photo.thumbnail ? make("img") : make("span", "none", clean(photo.error || "no thumbnail")));
  if (photo.thumbnail) frame.firstChild.alt = "";
  if (photo.members) mark(button, frame, photo, index);
  const text = make("span", "text");
  const row = make("span", "row");
  const score = make("span", `score ${markOf(photo)}`, number(photo.score));
  if (photo.aesthetic_std !== null) score.append(make("span", "spread", ` ±${number(photo.aesthetic_std, 1)}`));
  const stars = make("span", "stars", starsOf(photo));
  stars.setAttribute("aria-label", counted(photo.stars || 0, "star"));
  row.append(score, stars);
  const below = make("span", "row");
  const name = make("span", "name", photo.name);
  name.title = clean(photo.path);
  below.append(name);
  if (photo.faults.length) below.append(make("span", "fault", photo.faults.join(", ")));
  text.append(row, below);
  button.append(frame, text);
  return button;
}

// Says of a photo in a group which one it is, and joins it with its neighbours of the same group.
function mark(button, frame, photo, index) {
  const together = state.grouping === "together";
  const starts = !together || state.view[index - 1]?.group !== photo.group;
  const badges = make("span", "badges");
  badges.append(make("span", "badge", starts ? capital(kindOf(photo)) : `${photo.rank_in_group} / ${photo.members.length}`));
  if (photo.pick) badges.append(make("span", `badge ${photo.pick}`, photo.pick === "pick" ? "✓ pick" : "✕ reject"));
  frame.append(badges);
  if (together) button.classList.add("member", ...(starts ? [] : ["joined"]));
  if (state.grouping === "best") button.classList.add("stack");
}

function pictureOf(photo) {
  return `data:image/webp;base64,${by(`t${photo.thumbnail}`).textContent}`;
}

const near = new IntersectionObserver((seen) => {
  for (const { target, isIntersecting } of seen) {
    const image = target.querySelector("img");
    if (image && isIntersecting) {
      image.decoding = "async";
      image.src = pictureOf(state.view[target.dataset.index]);
    } else if (image) {
      image.removeAttribute("src"); // only what is near the screen takes memory as a picture
    }
  }
}, { rootMargin: "1200px" });

// The keyboard moves by what is seen: rows have different numbers of photos.
function neighbour(from, key) {
  if (key === "ArrowRight") return from.nextElementSibling;
  if (key === "ArrowLeft") return from.previousElementSibling;
  const down = key === "ArrowDown";
  const [here, middle] = [from.offsetTop, from.offsetLeft + from.offsetWidth / 2];
  let [best, row] = [null, null];
  for (let at = from; at; at = down ? at.nextElementSibling : at.previousElementSibling) {
    if (at.offsetTop === here) continue;
    row ??= at.offsetTop;
    if (at.offsetTop !== row) break;
    const far = (element) => Math.abs(element.offsetLeft + element.offsetWidth / 2 - middle);
    if (!best || far(at) < far(best)) best = at;
  }
  return best;
}

function moveFocus(event) {
  const from = document.activeElement;
  if (!/^Arrow/.test(event.key) || from?.dataset?.index === undefined) return;
  if (Number(from.dataset.index) > state.shown - PAGE / 2 && state.shown < state.view.length) grow();
  const found = neighbour(from, event.key);
  if (found?.dataset.index !== undefined) {
    event.preventDefault();
    found.focus();
  }
}
