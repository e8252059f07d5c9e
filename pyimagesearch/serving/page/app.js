/** From a picture to its result: what the page does, step by step. */
import { health, upscale } from "./api.js";
import { Divider } from "./divider.js";
import { watchPicks } from "./picker.js";
import { Viewer } from "./viewer.js";
import * as words from "./words.js";

const PNG = "image/png";
const $ = (id) => document.getElementById(id);
const viewer = new Viewer($("stage"), (percent) => ($("percent").textContent = `${percent}%`));
let server = null; // what /healthz says
let job = null; // the picture at hand: file, size, results by blend, and what stops it

async function choose(file) {
  close();
  const mine = (job = { file, url: URL.createObjectURL(file), results: new Map(), urls: [], stop: new AbortController() });
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
  $("blend").hidden = !server.blend;
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
    await ask(mine, 0, phase);
  } finally {
    clearInterval(clock);
    mine.seconds = (performance.now() - begun) / 1000;
  }
}

/** The result of one model as a PNG, kept for the viewer and for downloads. */
async function ask(mine, blend, onPhase) {
  const result = await request(mine, blend, PNG, onPhase);
  mine.results.set(blend, result);
}

function request({ file, stop }, blend, type, onPhase) {
  return upscale(file, { blend: server.blend ? blend : undefined, type, signal: stop.signal, onPhase });
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
  await viewer.reveal(keepUrl(mine, mine.results.get(0)));
  if (mine !== job) return;
  const { naturalWidth: width, naturalHeight: height } = viewer.psnr;
  $("panel").classList.remove("waiting");
  setPart(0);
  const sizes = [...(mine.size ? [words.size(mine.size)] : []), words.size({ width, height })].join(" → ");
  const alone = mine.size ? "" : ". This browser cannot show the original beside it";
  $("facts").textContent = `${sizes}, ${words.seconds(mine.seconds)}${alone}`;
  say("said", `Done: ${width} by ${height} pixels${alone}.`);
  (mine.size ? viewer.divider.element : $("download")).focus();
  if (server.blend) await addCrisp(mine);
}

async function addCrisp(mine) {
  $("blend").hidden = false;
  $("part").disabled = true;
  $("crisp").textContent = "Crisp…";
  try {
    await ask(mine, 1);
    await viewer.addGan(keepUrl(mine, mine.results.get(1)));
    if (mine !== job) return;
    $("part").disabled = false;
  } catch (error) {
    if (mine !== job) return;
    $("blend").hidden = true; // faithful is there all the same
    tell(words.ofCrisp(error), () => addCrisp(mine));
  } finally {
    if (mine === job) $("crisp").textContent = "Crisp";
  }
}

function keepUrl(mine, blob) {
  const url = URL.createObjectURL(blob);
  mine.urls.push(url);
  return url;
}

function setPart(part) {
  $("part").value = part;
  $("part").setAttribute("aria-valuetext", `${Math.round(part * 100)}% crisp, ${Math.round((1 - part) * 100)}% faithful`);
  viewer.mix(part);
}

/** Save what is seen: the server mixes, so that 16 bits, transparency and colour profile stay. */
async function download() {
  const mine = job;
  const type = $("format").value;
  const button = $("download");
  button.disabled = true;
  say("said", "Preparing the download");
  try {
    const part = Number($("part").value);
    const blob = (type === PNG && mine.results.get(part)) || (await request(mine, part, type));
    const link = document.createElement("a");
    link.href = keepUrl(mine, blob);
    link.download = words.resultName(mine.file.name, server.scale, type);
    link.click();
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
  for (const url of [job.url, ...job.urls]) URL.revokeObjectURL(url);
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
$("part").oninput = () => setPart(Number($("part").value));
for (const name of ["fit", "exact", "larger", "smaller"]) $(name).onclick = viewer[name];
$("stage").addEventListener("keydown", (event) => {
  if (!event.ctrlKey && !event.metaKey && !event.altKey && viewer.onKey(event.key)) event.preventDefault();
});
showExample();
meetServer().catch((error) => tell(error, () => location.reload()));
navigator.serviceWorker?.register("page/sw.js", { scope: "./" }).catch(() => {}); // the page works without
