"use strict";
// Everything from the data becomes text nodes and properties, never markup: file names may be hostile.
const data = JSON.parse(document.getElementById("data").textContent);
const photos = data.photos;
const by = (id) => document.getElementById(id);
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
  "November", "December"];
const SEVERITIES = ["blur", "motion_blur", "underexposed", "overexposed", "noise", "compression"];
const FACTS = [
  ["taken", (photo) => photo.taken],
  ["exposure", (photo) => photo.exposure],
  ["camera", (photo) => photo.camera],
  ["lens", (photo) => photo.lens],
  ["size", (photo) => photo.size],
  ["faces", (photo) => photo.faces || null],
  ["selfie", (photo) => known(photo.selfie)],
  ["sharpness of the face", (photo) => known(photo.face_sharpness)],
  ["medium", (photo) => photo.medium],
  ["style", (photo) => photo.style && sure(photo.style, photo.style_confidence)],
  ["cropped", (photo) => photo.cropped === null ? null : percent(photo.cropped)],
  ["your taste", (photo) => known(photo.taste)],
];

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

function known(value) {
  return value === null || value === undefined ? null : number(value);
}

function percent(share) {
  return `${Math.round(100 * share)}%`;
}

function sure(label, confidence) {
  return confidence === null ? label : `${label} (${percent(confidence)})`;
}

function counted(count, one, many = `${one}s`) {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

function starsOf(photo) {
  return photo.stars ? "★".repeat(photo.stars) + "☆".repeat(5 - photo.stars) : "";
}

function markOf(photo) {
  return photo.stars >= 4 ? "good" : photo.stars === 1 ? "bad" : "";
}

// The time is the camera's own: a Date would move it into the zone of whoever looks at the page.
function timeOf(captured) {
  const found = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d:\d\d:\d\d))?/.exec(captured || "");
  if (!found || !MONTHS[found[2] - 1]) return captured || null;
  const day = `${Number(found[3])} ${MONTHS[found[2] - 1]} ${found[1]}`;
  return found[4] ? `${day} ${found[4]}` : day;
}

function dayOf(captured) {
  return timeOf((captured || "").slice(0, 10));
}

function exposureOf(photo) {
  const seconds = photo.exposure_s;
  const parts = [];
  if (seconds) parts.push(seconds < 0.3 ? `1/${Math.round(1 / seconds)} s` : `${Number(seconds.toFixed(1))} s`);
  if (photo.f_number) parts.push(`f/${Number(photo.f_number.toFixed(1))}`);
  if (photo.iso) parts.push(`ISO ${photo.iso}`);
  if (photo.focal_mm) parts.push(`${Number(photo.focal_mm.toFixed(1))} mm`);
  if (photo.exposure_bias) parts.push(`${photo.exposure_bias > 0 ? "+" : "−"}${Number(Math.abs(photo.exposure_bias).toFixed(1))} EV`);
  return parts.join(" · ") || null;
}

function sizeOf(photo) {
  if (!photo.width) return null;
  const mega = (photo.width * photo.height) / 1e6;
  return `${photo.width} × ${photo.height} (${mega.toFixed(mega < 10 ? 1 : 0)} MP)`;
}

function prepare() {
  const members = new Map();
  photos.forEach((photo, order) => {
    photo.order = order;
    photo.name = clean(photo.path.split(/[\\/]/).pop());
    photo.faults = photo.faults.map((fault) => fault.replaceAll("_", " "));
    photo.taken = timeOf(photo.captured);
    photo.exposure = exposureOf(photo);
    photo.size = sizeOf(photo);
    if (photo.group !== null) {
      if (!members.has(photo.group)) members.set(photo.group, []);
      members.get(photo.group).push(photo);
    }
    photo.text = [photo.path, photo.camera, photo.lens, photo.taken, photo.aesthetic_class, photo.style, photo.medium,
      photo.group_kind, photo.pick, ...photo.answers.map((answer) => answer.label), ...photo.faults]
      .filter(Boolean).join("\n").toLowerCase();
  });
  for (const group of members.values()) {
    group.sort((a, b) => a.rank_in_group - b.rank_in_group);
    for (const photo of group) photo.members = group;
  }
}

function kindOf(photo) {
  const kind = clean(photo.group_kind || "group");
  return photo.group_kind === "look-alikes" ? `${photo.members.length} look-alikes` : `${kind} of ${photo.members.length}`;
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function why(photo) {
  if (photo.status !== "ok") return `Not scored: ${clean(photo.error || "it is no photo")}`;
  if (photo.aesthetic === null) return "No model for aesthetics was run.";
  const said = [`People would rate it ${number(photo.aesthetic, 1)} of 10 on average`];
  if (photo.aesthetic_std !== null) said.push(`, with votes spread by ±${number(photo.aesthetic_std, 1)}`);
  said.push(". ");
  if (photo.aesthetic_good !== null) {
    said.push(`The chance of being in the better half is ${percent(photo.aesthetic_good)}. `);
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
  return said.join("");
}
