/** From a picture to its result: what the page does, step by step. */
import { health, upscale } from "./api.js";
import { Divider } from "./divider.js";
import { watchPicks } from "./picker.js";
import { Viewer } from "./viewer.js";
import * as words from "./words.js";

const PNG = "image/png";
const KEPT = 6; // results of one picture, so that a slider that goes back shows at once
const $ = (id) => document.getElementById(id);
const viewer = new Viewer($("stage"), (percent) => ($("percent").textContent = `${percent}%`));
let server = null; // what /healthz says
let job = null; // the picture at hand: file, size, results by where the sliders stood, and what stops it

async function choose(file) {
  close();
  const mine = (job = { file, url: URL.createObjectURL(file), results: new Map(), stop: new AbortController(), redraw: null });
  try {
    await meetServer();
    mine.size = await measure(mine.url);
    refuse(mine);
    if (mine !== job) return;
    showProgress(mine);
    await enlarge(mine);
    await showResult(mine);
  } catch (error) {
    if (mine === job) fail(error, () => choose(file));
  }
}

/** Width and height, upright; null of what this browser cannot show, which the server may well read. */
async function measure(url) {
  const img = new Image();
  img.src = url;
  await img.decode().catch(() => {});
  return img.naturalWidth ? { width: img.naturalWidth, height: img.naturalHeight } : null;
}

/** Throw where the server's limits would, before anything is sent. */
function refuse({ file, size }) {
  const { bytes, pixels } = server.limits;
  if (file.size > bytes)
    throw new Error(`${file.name} has ${words.bytes(file.size)}, and this server takes at most ${words.bytes(bytes)}. ` +
      "Choose a smaller picture, or save this one as a JPEG.");
  if (size && size.width * size.height > pixels)
    throw new Error(`${file.name} has ${words.pixels(size.width * size.height)} (${words.size(size)}), and this server ` +
      `takes at most ${words.pixels(pixels)}. Cut out the part that you want larger, or choose a smaller picture.`);
}

function showProgress({ file, size, url }) {
  $("start").hidden = true;
  $("work").hidden = false;
  $("panel").classList.add("waiting");
  $("name").textContent = file.name;
  $("facts").textContent = size ? `${words.size(size)}, ${words.bytes(file.size)}` : words.bytes(file.size);
  viewer.open(size && url, (size?.width ?? 1) * server.scale, (size?.height ?? 1) * server.scale);
  $("cancel").focus();
}

async function enlarge(mine) {
  const begun = performance.now();
  const tick = () => ($("elapsed").textContent = words.seconds((performance.now() - begun) / 1000));
  const clock = setInterval(tick, 100);
  tick();
  try {
    mine.shown = amounts();
    await ask(mine, mine.shown, mine.stop.signal, phase);
  } finally {
    clearInterval(clock);
    mine.seconds = (performance.now() - begun) / 1000;
  }
}

/** Where the sliders stand, by name. */
function amounts() {
  return Object.fromEntries(server.sliders.map((name) => [name, Number($(name).value)]));
}

const key = (amounts) => JSON.stringify(amounts);

/** The result as a PNG for these amounts, as { blob, url }, kept for the viewer and for downloads. */
async function ask(mine, wanted, signal, onPhase) {
  const { results } = mine;
  const kept = results.get(key(wanted));
  if (kept) return kept;
  const blob = await upscale(mine.file, { amounts: wanted, type: PNG, signal, onPhase });
  const result = { blob, url: URL.createObjectURL(blob) };
  results.set(key(wanted), result);
  const oldest = [...results.keys()].find((at) => at !== key(wanted) && at !== key(mine.shown));
  if (results.size > KEPT) {
    URL.revokeObjectURL(results.get(oldest).url);
    results.delete(oldest);
  }
  return result;
}

function phase(name, amount) {
  const bar = $("bar");
  if (name === "upload" && amount < 1) bar.value = amount;
  else bar.removeAttribute("value");
  say("phase", {
    upload: "Uploading",
    enlarge: "Enlarging",
    wait: `The server is busy with other pictures; trying again in ${Math.round(amount)} s`,
  }[name]);
}

/** Show a sentence, and have screen readers read it, once. */
function say(id, sentence) {
  for (const element of [$(id), $("said")]) if (element.textContent !== sentence) element.textContent = sentence;
}

async function showResult(mine) {
  await viewer.reveal(mine.results.get(key(mine.shown)).url);
  if (mine !== job) return;
  const { naturalWidth: width, naturalHeight: height } = viewer.after;
  $("panel").classList.remove("waiting");
  const sizes = [...(mine.size ? [words.size(mine.size)] : []), words.size({ width, height })].join(" → ");
  const alone = mine.size ? "" : ". This browser cannot show the original beside it";
  mine.facts = `${sizes}, ${words.seconds(mine.seconds)}${alone}`;
  $("facts").textContent = mine.facts;
  say("said", `Done: ${width} by ${height} pixels${alone}.`);
  (mine.size ? viewer.divider.element : $("download")).focus();
}

/** Show the result for where the sliders stand now; what is shown stays until it is there. */
async function redraw() {
  const mine = job;
  mine.redraw?.abort();
  const turn = (mine.redraw = new AbortController());
  const stop = AbortSignal.any([mine.stop.signal, turn.signal]);
  const wanted = amounts();
  $("facts").textContent = "Redrawing…";
  $("download").disabled = true;
  try {
    const { url } = await ask(mine, wanted, stop);
    await viewer.replace(url);
    mine.shown = wanted;
    say("said", "The picture is drawn again");
  } catch (error) {
    if (mine !== job || stop.aborted) return;
    for (const [name, amount] of Object.entries(mine.shown)) $(name).value = amount;
    tell(error, redraw);
  } finally {
    if (mine === job && !turn.signal.aborted) {
      $("facts").textContent = mine.facts;
      $("download").disabled = false;
    }
  }
}

/** Save what is seen: the server encodes, so that 16 bits, transparency and colour profile stay. */
async function download() {
  const mine = job;
  const type = $("format").value;
  const button = $("download");
  button.disabled = true;
  say("said", "Preparing the download");
  try {
    const { shown, file } = mine;
    const blob = type === PNG
      ? (await ask(mine, shown, mine.stop.signal)).blob
      : await upscale(file, { amounts: shown, type, signal: mine.stop.signal });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = words.resultName(mine.file.name, server.scale, type);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    say("said", `Saved as ${link.download}`);
  } catch (error) {
    say("said", "");
    if (mine === job) tell(error, download);
  } finally {
    button.disabled = false;
  }
}

/** Forget the picture at hand, and whatever the server is still doing with it. */
function close() {
  $("notice").hidden = true;
  if (!job) return;
  job.stop.abort();
  for (const url of [job.url, ...[...job.results.values()].map((result) => result.url)]) URL.revokeObjectURL(url);
  job = null;
  viewer.close();
}

function restart() {
  close();
  $("work").hidden = true;
  $("start").hidden = false;
  say("said", "");
  $("file").focus();
}

function fail(error, again) {
  restart();
  tell(error, again);
}

/** Tell of an error in the page, and offer to try again where that may help. */
function tell(error, again) {
  if (error.name === "AbortError") return;
  $("notice").hidden = false;
  $("notice").querySelector("p").textContent = error.message;
  $("again").hidden = !(error.retry && again);
  $("again").onclick = () => {
    dismiss();
    again();
  };
  $("notice").focus();
}

/** Take the notice away; the keyboard goes on at the picture, or where one is chosen. */
function dismiss() {
  $("notice").hidden = true;
  (job ? $("stage") : $("file")).focus();
}

async function meetServer() {
  if (server) return;
  server = await health();
  $("scale").textContent = `${server.scale}×`;
  const { bytes, pixels } = server.limits;
  for (const name of server.sliders) $(name).parentElement.hidden = false;
  $("limits").textContent = `Up to ${words.pixels(pixels)} and ${words.bytes(bytes)}.`;
}

function showExample() {
  const [stage, before] = [$("example"), $("example").querySelector(".before")];
  const divider = new Divider(stage.querySelector(".divider"), draw);
  function draw() {
    divider.place({ left: 0, top: 0, right: stage.clientWidth, bottom: stage.clientHeight });
    before.style.clipPath = `inset(0 ${(1 - divider.part) * 100}% 0 0)`;
  }
  new ResizeObserver(draw).observe(stage);
}

watchPicks({
  inputs: [$("file"), $("camera")],
  dropSign: $("drop"),
  onFile: choose,
  onNothing: (sentence) => tell(new Error(sentence)),
});
$("cancel").onclick = restart;
$("another").onclick = restart;
$("download").onclick = download;
$("dismiss").onclick = dismiss;
for (const name of ["clean", "crisp"]) $(name).onchange = redraw;
for (const name of ["fit", "exact", "larger", "smaller"]) $(name).onclick = viewer[name];
$("stage").addEventListener("keydown", (event) => {
  if (!event.ctrlKey && !event.metaKey && !event.altKey && viewer.onKey(event.key)) event.preventDefault();
});
showExample();
meetServer().catch((error) => tell(error, () => location.reload()));
navigator.serviceWorker?.register("page/sw.js", { scope: "./" }).catch(() => {}); // the page works without
