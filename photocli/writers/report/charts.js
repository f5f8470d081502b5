// The charts: bars that filter.

function chart(title, bins, labelOf) {
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
    button.setAttribute("aria-label", `${title} ${labelOf(index)}: ${counted(counts[index], "photo")}`);
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
  chart("Scores", scores, (index) => `${index + 1}–${index + 2}`);
  const stars = [1, 2, 3, 4, 5].map((count) => ({ has: (photo) => photo.stars === count }));
  chart("Stars", stars, (index) => `${index + 1}★`);
  const chances = [0, 1, 2, 3, 4].map((step) => range("aesthetic_good", step / 5, step === 4 ? 2 : (step + 1) / 5));
  chart("Chance of being in the better half", chances, (index) => `${20 * index}–${20 * index + 20}%`);
}
