// The page: what is there to find, in which picture, and what was found.

import * as api from "./api.js";
import { coco, csharp, curl } from "./code.js";
import { Jobs } from "./jobs.js";
import { Support } from "./support.js";
import { isFound, shareAbove, View } from "./view.js";

const $ = id => document.getElementById(id);
const WAIT = 220;           // milliseconds after the last key
const EXAMPLES = ["garden", "picnic", "travel", "treasure"];
const HINTS = { garden: "blueberries", picnic: "a slice of pizza", travel: "a palm tree", treasure: "a cake" };

const state = {
  file: null, name: "", image: null, model: "", prompts: [], negatives: [], hidden: new Set(), answer: null, masks: [], limits: {},
};
const view = new View($("picture"));
const support = new Support($("support"), () => changedSupport());
let asking = null, timer = 0, showing = null;

// The picture

async function open(file, name) {
  fail("");
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    fail(`${name}: this browser cannot show it as a picture; PNG, JPEG and WebP always work.`);
    return;
  }
  Object.assign(state, { file, name, image: null, answer: null, masks: [] });
  $("empty").hidden = true;
  $("picture").hidden = $("toolbar").hidden = false;
  $("same-support").disabled = false;
  view.setPicture(picture);
  describe();
  chips();
  // The picture goes ahead of the words, which are still being typed.
  await work(async signal => {
    state.image = await api.read(file, state.model, signal);
    say(`${name}, ${state.image.width} by ${state.image.height}.`);
    $("words").focus();
  });
  ask();
}

async function work(job) {
  asking?.abort();
  const mine = asking = new AbortController();
  $("busy").hidden = false;
  try {
    await job(mine.signal);
  } catch (e) {
    if (e.name !== "AbortError") fail(e.message);
  } finally {
    if (asking === mine) $("busy").hidden = true;
  }
}

// Asking

function draft() {
  const words = $("words").value.trim();
  return words && !state.prompts.includes(words) ? words : "";
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(ask, WAIT);
}

async function ask() {
  clearTimeout(timer);
  chips();
  code();
  const prompts = [...state.prompts, ...(draft() ? [draft()] : [])];
  if (!state.file || (!prompts.length && !support.picture)) {
    asking?.abort();
    show(null, []);
    return;
  }
  await work(async signal => {
    const answer = await segment({ ...await fields(prompts), outputs: "mask" }, signal);
    const bitmaps = await Promise.all(answer.results.map(r => api.bitmap(r.mask)));
    signal.throwIfAborted();
    fail("");
    show(answer, answer.results.map((r, i) => ({ prompt: r.prompt, bitmap: bitmaps[i], colour: rgb(r.colour), score: r.score,
      isBelowLimit: r.score < state.limits[answer.model] })));
  });
}

/** What a request says beside the picture. */
async function fields(prompts) {
  const example = await support.files();
  return {
    model: state.model, prompts, negatives: prompts.length ? state.negatives : [], threshold: view.threshold,
    guided: $("guided").checked ? null : 0, fine: $("fine").checked, support: example?.picture, supportMask: example?.mask,
    mix: example && prompts.length ? $("mix").value : null,
  };
}

/** By the picture's id; the picture itself goes along if the service has forgotten it. */
async function segment(asked, signal) {
  if (state.image) {
    try {
      return await api.segment({ ...asked, imageId: state.image.id }, signal);
    } catch (e) {
      if (e.status !== 404) throw e;
    }
  }
  const answer = await api.segment({ ...asked, image: state.file }, signal);
  state.image = answer.image;
  return answer;
}

function show(answer, masks) {
  state.answer = answer;
  state.masks = masks;
  for (const mask of masks) mask.visible = !state.hidden.has(mask.prompt);
  view.setMasks(masks);
  for (const button of document.querySelectorAll("[data-save]")) button.disabled = masks.length === 0;
  chips();
  describe();
  if (masks.length) {
    say(masks.map(m => `${m.prompt || "example"}: ${isFound(m, view.threshold) ? `found, score ${percent(m.score)}` : "not found"}`).join("; "));
  }
}

// What is seen

const percent = share => share > 0 && share < 0.01 ? "<1 %" : `${Math.round(100 * share)} %`;
const rgb = colour => [1, 3, 5].map(at => parseInt(colour.slice(at, at + 2), 16));

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function chips() {
  const texts = state.prompts.map(text => [text, false]);
  if (draft()) texts.push([draft(), true]);
  if (support.picture && !texts.length) texts.push(["", true]);
  $("chips").replaceChildren(...texts.map(([text, isDraft]) => chip(text, isDraft)));
  $("negatives").replaceChildren(...state.negatives.map(text => element("li", { className: "chip not" },
    element("span", { className: "name", textContent: text, title: text }), dropper(text, state.negatives))));
  $("mix-row").hidden = !support.picture || !texts.some(([text]) => text);
}

function chip(text, isDraft) {
  const mask = state.masks.find(m => m.prompt === text);
  const name = text || "The example picture";
  const item = element("li", { className: `chip${isDraft ? " draft" : ""}` });
  const eye = element("button", { type: "button", className: "eye", title: "Show or hide" });
  eye.setAttribute("aria-label", `Show ${name}`);
  eye.setAttribute("aria-pressed", String(!state.hidden.has(text)));
  eye.addEventListener("click", () => {
    if (!state.hidden.delete(text)) state.hidden.add(text);
    if (mask) mask.visible = !state.hidden.has(text);
    view.draw();
    chips();
    [...$("chips").children].at([...$("chips").children].findIndex(c => c.dataset.prompt === text))?.querySelector(".eye").focus();
  });
  item.dataset.prompt = text;
  const meter = element("span", { className: "meter" });
  if (mask) {
    item.style.setProperty("--colour", `rgb(${mask.colour.join()})`);
    const share = shareAbove(mask, view.threshold);
    const found = isFound(mask, view.threshold);
    item.classList.toggle("absent", !found);
    if (found) meter.append(element("b", { textContent: percent(mask.score) }), ` · covers ${percent(share)}`);
    else meter.textContent = "not found";
    meter.title = found ? "How sure it is there; how much of the picture it covers"
      : mask.isBelowLimit ? `Its score, ${percent(mask.score)}, is below the model's limit` : "Nothing is above the threshold";
  } else meter.textContent = state.file ? "…" : "";
  item.append(eye, element("span", { className: "name", textContent: name, title: name }), meter,
    isDraft ? element("span") : dropper(text, state.prompts));
  return item;
}

function dropper(text, list) {
  const drop = element("button", { type: "button", className: "drop", textContent: "×" });
  drop.setAttribute("aria-label", `Remove ${text}`);
  drop.addEventListener("click", () => {
    list.splice(list.indexOf(text), 1);
    $("words").focus();
    ask();
  });
  return drop;
}

function describe() {
  const found = state.masks.filter(m => m.visible && isFound(m, view.threshold)).map(m => m.prompt || "example");
  $("picture").setAttribute("aria-label", `${state.name}${found.length ? `, with masks of ${found.join(", ")}` : ""}`);
}

function code() {
  const shown = {
    file: state.name || "photo.jpg", model: state.model, isDefaultModel: $("model").selectedIndex <= 0,
    prompts: state.prompts.length || draft() ? [...state.prompts, ...(draft() ? [draft()] : [])] : support.picture ? [] : ["a cup"],
    negatives: state.negatives, support: support.picture ? support : null, mix: Number($("mix").value), threshold: view.threshold,
    guided: $("guided").checked, fine: $("fine").checked,
  };
  $("curl").textContent = curl(shown, new URL(".", location.href).href);
  $("csharp").textContent = csharp(shown);
}

function say(text) {
  $("said").textContent = text;
}

function fail(text) {
  $("error").textContent = text;
  $("error").hidden = !text;
}

// The example

async function useExample(file) {
  try {
    await support.set(file);
  } catch {
    fail("The example cannot be shown as a picture; PNG, JPEG and WebP always work.");
    return;
  }
  $("support-area").hidden = false;
  await changedSupport();
}

async function changedSupport() {
  $("engineered-figure").hidden = !support.painted;
  showing?.abort();
  showing = new AbortController();
  const mine = showing.signal;
  soon();
  if (!support.painted) return;
  try {
    const { picture, mask } = await support.files();
    const seen = await api.engineered({ support: picture, supportMask: mask, model: state.model }, mine);
    URL.revokeObjectURL($("engineered").src);
    $("engineered").src = URL.createObjectURL(seen);
  } catch (e) {
    if (e.name !== "AbortError") fail(e.message);
  }
}

// Saving

async function save(kind) {
  const stem = state.name.replace(/\.\w+$/, "");
  if (kind === "coco") {
    await work(async signal => {
      const prompts = state.masks.map(m => m.prompt).filter(p => p);
      const answer = await segment({ ...await fields(prompts), outputs: "parts" }, signal);
      download(new Blob([JSON.stringify(coco(answer, state.name))], { type: "application/json" }), `${stem}.coco.json`);
    });
    return;
  }
  download(await view.save(kind === "mask" ? "binary" : kind), `${stem}.${kind}.png`);
}

function download(blob, name) {
  const link = element("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// Hands

function listen() {
  $("choose").addEventListener("click", () => $("file").click());
  $("replace").addEventListener("click", () => $("file").click());
  $("file").addEventListener("change", e => e.target.files[0] && open(e.target.files[0], e.target.files[0].name));
  $("words").addEventListener("input", soon);
  $("prompt-form").addEventListener("submit", e => {
    e.preventDefault();
    const words = draft();
    $("words").value = "";
    if (words) state.prompts.push(words);
    ask();
  });
  $("negative-form").addEventListener("submit", e => {
    e.preventDefault();
    const words = $("negative").value.trim();
    $("negative").value = "";
    if (words && !state.negatives.includes(words)) state.negatives.push(words);
    ask();
  });
  $("threshold").addEventListener("input", () => {
    view.threshold = Number($("threshold").value);
    $("threshold-value").textContent = view.threshold.toFixed(2);
    view.draw();
    chips();
    describe();
    code();
  });
  for (const input of document.querySelectorAll("input[name=view]")) {
    input.addEventListener("change", () => {
      view.kind = input.value;
      view.draw();
    });
  }
  for (const input of document.querySelectorAll("input[name=tool]")) input.addEventListener("change", () => support.tool = input.value);
  $("brush").addEventListener("input", () => support.brush = Number($("brush").value));
  $("mix").addEventListener("input", soon);
  for (const name of ["guided", "fine"]) $(name).addEventListener("change", ask);
  $("choose-support").addEventListener("click", () => $("support-file").click());
  $("support-file").addEventListener("change", e => e.target.files[0] && useExample(e.target.files[0]));
  $("same-support").addEventListener("click", () => useExample(state.file));
  $("clear-support").addEventListener("click", () => {
    support.clear();
    changedSupport();
  });
  $("remove-support").addEventListener("click", () => {
    support.remove();
    $("support-area").hidden = true;
    $("choose-support").focus();
    ask();
  });
  $("model").addEventListener("change", () => {
    state.model = $("model").value;
    ask();
  });
  for (const button of document.querySelectorAll("[data-save]")) button.addEventListener("click", () => save(button.dataset.save));
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText($(button.dataset.copy).textContent);
      button.textContent = "Copied";
      setTimeout(() => button.textContent = "Copy", 1500);
    });
  }
  document.addEventListener("paste", e => {
    const file = [...e.clipboardData.files].find(f => f.type.startsWith("image/"));
    if (file) open(file, file.name || "pasted.png");
  });
  drops();
}

function drops() {
  let depth = 0;
  const isFile = e => e.dataTransfer?.types.includes("Files");
  document.addEventListener("dragenter", e => {
    if (isFile(e)) $("dropping").hidden = ++depth === 0;
  });
  document.addEventListener("dragleave", e => {
    if (isFile(e)) $("dropping").hidden = --depth === 0;
  });
  document.addEventListener("dragover", e => isFile(e) && e.preventDefault());
  document.addEventListener("drop", e => {
    if (!isFile(e)) return;
    e.preventDefault();
    depth = 0;
    $("dropping").hidden = true;
    const file = e.dataTransfer.files[0];
    if (file) $("show").contains(e.target) ? useExample(file) : open(file, file.name);
  });
}

async function begin() {
  listen();
  $("examples").append(...EXAMPLES.map(name => {
    const button = element("button", { type: "button", title: `Try ${HINTS[name]}` },
      element("img", { src: `examples/${name}.jpg`, alt: `Example: ${name}`, loading: "lazy" }));
    button.addEventListener("click", async () => {
      const file = await (await fetch(`examples/${name}.jpg`)).blob();
      $("words").placeholder = HINTS[name];
      await open(file, `${name}.jpg`);
    });
    return element("li", {}, button);
  }));
  try {
    const { models, jobs } = await api.models();
    $("model").append(...models.map(m => element("option", { value: m.name, textContent: m.name })));
    $("model").closest("label").hidden = models.length < 2;
    for (const model of models) state.limits[model.name] = model.notFoundBelow;
    state.model = models[0].name;
    if (jobs) new Jobs(() => state.model, say);
  } catch (e) {
    fail(e.message);
  }
  code();
  document.body.dataset.ready = "yes";
}

begin();
