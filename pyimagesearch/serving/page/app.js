/** From pictures to their results: what the page does, step by step. */
import * as api from "./api.js";
import { Art } from "./art.js";
import { showExample } from "./example.js";
import { Choice } from "./local-choice.js";
import { artNotice, enlargeNotice, say } from "./notice.js";
import { inspect } from "./picture.js";
import { watchPicks } from "./picker.js";
import { Prepare, checkBytes, shrink, tooLarge } from "./prepare.js";
import { Screen, factsOf } from "./screen.js";
import { Settings } from "./settings.js";
import { Strip, sourceOf } from "./strip.js";
import { isArt, offerTabs, openEnlarging } from "./tabs.js";
import { Take } from "./take.js";
import * as words from "./words.js";
import { Work } from "./work.js";

const $ = (id) => document.getElementById(id);
const { tell, quieten } = enlargeNotice;
const settings = new Settings(redo);
const take = new Take({ onError: tell, onDone: (sentence) => say("said", sentence) });
const strip = new Strip((result) => screen.open(sourceOf(result), result));
const screen = new Screen({ settings, take, strip, onTitle: showTitle });
const art = new Art({ onEnlarge: (file) => (openEnlarging(), choose([file])), onTitle: showTitle });
const prepare = new Prepare();
const choice = new Choice();
let server = null; // what /healthz says

function showTitle() {
  document.title = (isArt() ? art : screen).title;
}

function onTab() {
  (isArt() ? artNotice : enlargeNotice).show();
  showTitle();
}

async function choose(files) {
  quieten();
  try {
    await meetServer();
    const sources = await read(files);
    if (sources.length === 1 && tooLarge(sources[0], server.limits)) sources[0] = await askHowToFit(sources[0]);
    if (sources[0]) begin(sources);
  } catch (error) {
    tell(error, error instanceof api.Unreachable && (() => choose(files)));
  }
}

async function read(files) {
  document.body.classList.add("reading");
  try {
    const sources = [];
    for (const file of files) sources.push(await inspect(file)); // one after the other, since each takes memory
    if (sources.length === 1 && !tooLarge(sources[0], server.limits)) checkBytes(sources[0], server.limits);
    return sources;
  } finally {
    document.body.classList.remove("reading");
  }
}

async function askHowToFit(source) {
  prepare.cancel(); // an earlier question
  const { at } = screen;
  screen.question();
  try {
    const fitting = await prepare.ask(source, server.limits, settings.get().scale);
    if (!fitting && screen.at.kind === "question") screen.restore(at);
    else if (fitting) screen.at = at; // where an error goes back to
    return fitting;
  } catch (error) {
    screen.restore(at);
    throw error;
  }
}

/** What is done to each picture of several before it is sent. */
async function ready(source) {
  const fitting = tooLarge(source, server.limits) ? await shrink(source, server.limits) : source;
  checkBytes(fitting, server.limits);
  return fitting;
}

const makeWork = (sources) => new Work(sources, settings.get(), server.limits, { ready, onChange, ...choice.get() });

/** Enlarge these pictures; they join those that are at work. */
function begin(sources) {
  if (screen.work?.running && screen.work.takesMore) {
    screen.work.add(sources);
    return screen.many(screen.work);
  }
  const mine = (screen.work = makeWork(sources));
  const ended = run(mine); // which begins before it is shown as running
  if (sources.length > 1) screen.many(mine);
  else screen.waiting(mine);
  return ended;
}

async function run(mine) {
  let error = null;
  try {
    await mine.run();
    await keep(mine);
  } catch (reason) {
    error = reason;
  }
  mine.running = false;
  if (mine.items.length === 1) endOne(mine, error);
  else endMany(mine, error);
}

function endOne(mine, error) {
  const [item] = mine.items;
  const { at } = screen;
  const seen = at.work === mine;
  if (item.kept && seen) screen.open(item.source, item.kept);
  else if (item.kept) say("said", `${item.source.name} is done`);
  else if (error?.name !== "AbortError") {
    if (seen) screen.restore(at.before);
    tell(error ?? new Error(item.error), error && (() => begin([item.source])));
  }
  screen.render();
}

function endMany(mine, error) {
  if (screen.at.work === mine) screen.many(mine);
  screen.render();
  if (!error) say("said", `Done: ${mine.done.length} of ${words.pictures(mine.items.length)}`);
  else if (error.name !== "AbortError") tell(error, () => (run(mine), screen.many(mine)));
}

function onChange(mine) {
  if (mine !== screen.redrawing) keep(mine).catch((error) => tell(error));
  screen.render();
}

/** Keep what is done in the strip. */
function keep(mine) {
  for (const item of mine.done)
    item.keeping ??= strip.add(item.source, mine.settings, item).then((kept) => {
      item.kept = kept;
      screen.render();
    });
  return Promise.all(mine.done.map(({ keeping }) => keeping));
}

/** Other settings: the open result, or the whole list, is made with them; what is shown stays until it is there. */
async function redo() {
  const { at } = screen;
  if (at.kind === "many") return begin(at.work.items.map(({ source }) => source));
  if (at.kind !== "result") return;
  screen.redrawing?.cancel();
  screen.redrawing = null;
  const kept = strip.find(at.source, settings.get());
  if (kept) return screen.open(at.source, kept);
  const mine = (screen.redrawing = makeWork([at.source]));
  try {
    await mine.run();
    const [item] = mine.items;
    if (item.error) throw new Error(item.error);
    const result = await strip.add(at.source, mine.settings, item);
    if (mine === screen.redrawing) await screen.open(at.source, result);
  } catch (error) {
    if (mine !== screen.redrawing) return;
    stopRedrawing();
    tell(error, () => (settings.set(mine.settings), redo()));
  }
}

function stopRedrawing() {
  const { redrawing, at } = screen;
  screen.redrawing = null;
  redrawing.cancel();
  settings.set(at.result.settings);
  $("facts").textContent = factsOf(at.source, at.result);
  screen.render();
}

function cancel() {
  const { work, before, kind } = screen.at;
  work.cancel();
  if (kind === "waiting") screen.restore(before);
  else if (work.done.length) screen.many(work);
  else screen.start();
}

async function meetServer() {
  if (server) return;
  server = await api.health();
  settings.offer(server);
  choice.offer(server);
  $("scale-said").textContent = `${server.scale}×`;
  const { bytes, pixels } = server.limits;
  $("limits").textContent =
    `Up to ${words.pixels(pixels)} and ${words.bytes(bytes)} a picture. ` +
    "Larger ones are made smaller here, or you cut out a part.";
  if (!server.art.length) return;
  art.offer(server);
  offerTabs(onTab);
}

function onKey(event) {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (key === "Escape") onEscape();
  else if (!isArt() && screen.at.kind === "result" && !target.closest("input, select"))
    if (screen.viewer.onKey(key, target === $("stage"))) event.preventDefault();
}

function onEscape() {
  const { at, redrawing } = screen;
  if (isArt()) return art.running ? art.cancel() : dismiss();
  if (at.kind === "question") prepare.cancel();
  else if (redrawing) stopRedrawing();
  else if (at.work?.running) cancel();
  else dismiss();
}

function dismiss() {
  if (!$("notice").hidden) (isArt() ? art : screen).dismiss();
}

async function start() {
  $("file").multiple = true; // without this script, the form takes one
  await Promise.all([meetServer(), strip.load()]);
  const result = strip.get(screen.last);
  if (result && screen.at.kind === "start") screen.open(sourceOf(result), result);
}

watchPicks({
  inputs: [$("file"), $("camera")],
  dropSign: $("drop"),
  onFiles: (files, target) => (isArt() ? art.give(files, target) : choose(files)),
  onNothing: (sentence) => (isArt() ? artNotice : enlargeNotice).tell(new Error(sentence)),
});
$("cancel").onclick = cancel;
$("to-server").onclick = () => screen.at.work?.useServer();
$("another").onclick = () => screen.start();
$("back").onclick = () => screen.back();
$("dismiss").onclick = dismiss;
for (const name of ["fit", "exact", "larger", "smaller"]) $(name).onclick = screen.viewer[name];
addEventListener("keydown", onKey);
addEventListener("beforeunload", (event) => (screen.work?.running || art.running) && event.preventDefault());
showExample($("example"), $("try"), (file) => choose([file]));
start().catch((error) => tell(error, () => location.reload()));
navigator.serviceWorker?.register("page/sw.js", { scope: "./" }).catch(() => {}); // the page works without
