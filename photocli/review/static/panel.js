/** The facts beside a photo: how its score came about, faults, faces, and how it was taken. */

import { state } from "./state.js";
import { faceUrl } from "./api.js";
import { inWords } from "./rate.js";
import { counted, make } from "./make.js";

const FAULTS = ["blur", "motion_blur", "underexposed", "overexposed", "noise", "compression"];
const FULL = 10; // points of a bar's whole width
const LEAST = 0.005; // points that are shown

/** Fills the panel with what the server says of a photo. */
export function fillPanel(panel, id, { record, exif = [], parts = [], overlay = {}, others = [], error = null }) {
  const row = state.rows.get(id);
  const shown = [heading(row, record)];
  if (error) shown.push(make("p", "bad", error));
  if (row?.status === "failed") shown.push(make("p", "bad", row.error ?? "This photo could not be read."));
  if (row?.status === "pending") shown.push(make("p", "faint", "Not scored yet."));
  if (row && row.can_judge === false) shown.push(make("p", "faint", "This photo cannot be rated: it was dropped on the page, or its file is gone."));
  if (parts.length) shown.push(section("Score", breakdown(parts, record?.score)));
  if (row) shown.push(section("Proposal", proposal(row, record, others)));
  if (record) shown.push(section("Faults", severities(record)), ...looks(record));
  if (row?.faces?.length) shown.push(section(row.faces.length === 1 ? "Face" : `${row.faces.length} faces`, faces(id, row, record)));
  if (overlay.crop_frame) shown.push(section("The camera's frame", framed(overlay.crop_frame)));
  if (exif.length) shown.push(section("Taken with", pairs(exif)));
  panel.replaceChildren(...shown.filter(Boolean));
  panel.scrollTop = 0;
}

function section(title, ...content) {
  const made = make("section");
  made.append(make("h3", "", title), ...content);
  return made;
}

function heading(row, record) {
  const made = make("header");
  const name = make("h2", "", row?.name ?? "");
  name.dir = "auto";
  const path = make("p", "path faint", row?.path ?? "");
  path.dir = "auto";
  made.append(name, path);
  const size = row?.width ? `${counted(row.width)} × ${counted(row.height)}` : null;
  const facts = [size, row?.raw ? "RAW" : null, record?.captured?.replace("T", " ")].filter(Boolean).join(" · ");
  if (facts) made.append(make("p", "faint", facts));
  return made;
}

/** What the score is made of: what each part gives or takes, as bars from the middle. */
function breakdown(parts, score) {
  const list = make("dl", "parts");
  parts.forEach(([name, points], at) => {
    if (Math.abs(points) >= LEAST) list.append(...part(name.replaceAll("_", " "), points, at > 0));
  });
  if (typeof score === "number") list.append(...part("score", score, false, "sum"));
  return list;
}

function part(name, points, signed, className = "") {
  const value = make("dd", className);
  const bar = make("span", points < 0 ? "bar less" : "bar");
  const inner = make("i");
  inner.style.width = `${Math.min(100, (Math.abs(points) / FULL) * 100)}%`;
  bar.append(inner);
  value.append(bar, make("b", "", `${signed && points > 0 ? "+" : ""}${points.toFixed(signed ? 2 : 1).replace("-", "−")}`));
  return [make("dt", className, name), value];
}

function proposal(row, record, others) {
  const said = [];
  if (row.proposed !== null && row.proposed !== undefined) said.push(inWords({ stars: row.proposed }));
  if (row.proposal) said.push({ pick: "pick", reject: "reject" }[row.proposal] ?? row.proposal);
  const list = make("dl", "pairs");
  const add = (name, text) => text && list.append(make("dt", "", name), make("dd", "", text));
  add("Proposed", said.join(", ") || "nothing");
  add("Reason", row.reason);
  add("Group", others.length > 1 ? `${others.indexOf(row.id) + 1} of ${others.length}${row.kind ? ` (${row.kind.replaceAll("_", " ")})` : ""}` : null);
  const own = ["stars", "pick", "label"].filter((field) => row[field] !== null && row[field] !== undefined);
  add("Yours", own.map((field) => inWords({ [field]: row[field] })).join(", "));
  return list;
}

function severities(record) {
  const known = FAULTS.filter((name) => typeof record[name] === "number");
  if (!known.length) return make("p", "faint", "Not judged.");
  const list = make("dl", "parts");
  for (const name of known) {
    const value = make("dd", record.faults?.includes(name) ? "bad" : "");
    const bar = make("span", "bar less");
    const inner = make("i");
    inner.style.width = `${record[name] * 100}%`;
    bar.append(inner);
    value.append(bar, make("b", "", `${Math.round(record[name] * 100)}%`));
    list.append(make("dt", record.faults?.includes(name) ? "bad" : "", name.replace("_", " ")), value);
  }
  return list;
}

function looks(record) {
  const list = make("dl", "pairs");
  const add = (name, text) => text && list.append(make("dt", "", name), make("dd", "", text));
  const share = (chance) => (typeof chance === "number" ? ` (${Math.round(chance * 100)}%)` : "");
  add("Medium", record.medium);
  add("Look", record.style && record.style + share(record.style_confidence));
  add("Cropped", typeof record.cropped === "number" ? `${Math.round(record.cropped * 100)}% likely` : null);
  add("Turn", record.rotate ? `${record.rotate}° clockwise would make it upright` : null);
  add("Taste", typeof record.taste === "number" ? record.taste.toFixed(1) : null);
  return list.children.length ? [section("Looks", list)] : [];
}

function faces(id, row, record) {
  const list = make("ul", "face-list");
  row.faces.forEach((_, at) => {
    const item = make("li");
    const image = make("img");
    Object.assign(image, { alt: `Face ${at + 1}`, loading: "lazy", decoding: "async", src: faceUrl(id, at) });
    const { sharpness, selfie } = record?.each_face?.[at] ?? {};
    const words = [typeof sharpness === "number" ? `sharp ${Math.round(sharpness * 100)}%` : null,
      typeof selfie === "number" ? `selfie ${selfie.toFixed(1)}` : null].filter(Boolean).join(", ");
    item.append(image, make("span", "faint", words));
    list.append(item);
  });
  return list;
}

/** The photo within what the camera took, to scale. */
function framed([left, top, right, bottom]) {
  const box = make("div", "framed");
  const [wide, tall] = [right - left, bottom - top];
  const inner = make("i");
  Object.assign(inner.style, { left: `${(-left / wide) * 100}%`, top: `${(-top / tall) * 100}%`, width: `${100 / wide}%`, height: `${100 / tall}%` });
  box.append(inner);
  return box;
}

function pairs(exif) {
  const list = make("dl", "pairs");
  for (const [name, value] of exif) {
    const text = make("dd", "", String(value));
    text.dir = "auto";
    list.append(make("dt", "", String(name)), text);
  }
  return list;
}
