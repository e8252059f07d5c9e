/** What the page shows: the start, a question, pictures at work, or results; one of them at a time. */
import { Minimap } from "./minimap.js";
import { enlargeNotice, focusAfterWork, say } from "./notice.js";
import { urlOf } from "./picture.js";
import { Progress } from "./progress.js";
import { Rows } from "./rows.js";
import { Viewer } from "./viewer.js";
import * as words from "./words.js";

const TITLE = document.title;
const OPEN = "open"; // in sessionStorage: the result that a reload opens again
const $ = (id) => document.getElementById(id);

export class Screen {
  /** { kind } of start, question, waiting (for `work`), many (of `work`) and result (with `source` and `result`). */
  at = { kind: "start" };
  work = null; // the newest Work that makes results of pictures
  list = null; // the Work whose pictures are in the list
  redrawing = null; // the Work that makes the open result with other settings

  /** onTitle() is called when `title` may have changed. */
  constructor({ settings, take, strip, onTitle }) {
    Object.assign(this, { settings, take, strip, onTitle });
    this.minimap = new Minimap($("map"), (place) => this.viewer.center(place));
    this.viewer = new Viewer($("stage"), (percent, view) => {
      $("percent").textContent = `${percent}%`;
      this.minimap.show(view, $("stage").classList.contains("busy"));
    });
    this.rows = new Rows($("rows"), (item) => this.open(item.source, item.kept));
    this.progress = new Progress();
  }

  /** The result that was open before a reload, by its id. */
  get last() {
    return sessionStorage.getItem(OPEN);
  }

  start() {
    this.#go({ kind: "start" }, "start");
    this.viewer.close();
    $("file").focus();
  }

  /** A question about a picture, after which `restore` goes back. */
  question() {
    this.#go({ kind: "question", before: this.at }, "prepare");
    $("go").focus();
  }

  /** One picture, while it is enlarged. */
  waiting(work, before = this.at) {
    const [{ source }] = work.items;
    this.#go({ kind: "waiting", work, before }, "work");
    $("name").textContent = source.name;
    $("facts").textContent = factsOf(source);
    this.viewer.open(source, work.settings.scale);
    $("cancel").focus();
  }

  /** Several pictures, at work or done. */
  many(work) {
    const came = this.at.kind !== "many";
    this.list = work;
    $("name").textContent = words.pictures(work.items.length);
    this.settings.set(work.settings);
    this.take.offer(work.done.map(({ kept }) => kept).filter(Boolean));
    this.#go({ kind: "many", work }, "work");
    if (!work.running) focusAfterWork($(work.done.length ? "download" : "another"));
    else if (came) $("cancel").focus();
  }

  /** A result beside the picture that it was made of; resolves once it can be seen. */
  async open(source, result) {
    const again = this.at.kind === "result" && this.at.source.id === source.id; // other settings: the place stays
    this.redrawing?.cancel();
    this.redrawing = null;
    this.settings.set(result.settings);
    this.take.offer([result]);
    this.minimap.url = urlOf(source.size ? source.file : result.blob);
    this.#go({ kind: "result", source, result }, "work");
    $("name").textContent = source.name;
    $("facts").textContent = factsOf(source, result);
    if (!again) this.viewer.open(source, result.settings.scale);
    await (again ? this.viewer.replace(urlOf(result.blob)) : this.viewer.reveal(urlOf(result.blob)));
    if (this.at.result !== result) return;
    say("said", `Done: ${result.width} by ${result.height} pixels${source.size ? "" : ALONE}.`);
    if (!again) focusAfterWork(source.size ? this.viewer.divider.element : $("download"));
  }

  /** What was shown before. */
  restore(before) {
    if (before?.kind === "result") this.open(before.source, before.result);
    else if (before?.kind === "many") this.many(before.work);
    else if (before?.kind === "waiting") this.#restoreWaiting(before);
    else this.start();
  }

  #restoreWaiting({ work, before }) {
    const [{ source, kept }] = work.items;
    if (work.running) this.waiting(work, before);
    else if (kept) this.open(source, kept);
    else this.restore(before);
  }

  /** Back to what is at work, or to the list. */
  back() {
    const work = this.work?.running ? this.work : this.list;
    if (work.items.length > 1) this.many(work);
    else this.waiting(work);
  }

  /** Take the notice away; the keyboard goes on at the picture, or where one is chosen. */
  dismiss() {
    enlargeNotice.quieten();
    $({ result: "stage", many: "download", waiting: "cancel", question: "go" }[this.at.kind] ?? "file").focus();
  }

  /** Say how far everything is. */
  render() {
    const { at, work, list, redrawing } = this;
    const running = at.work?.running ? at.work : null;
    $("panel").classList.toggle("waiting", Boolean(running));
    if (running) this.progress.show(running);
    if (at.kind === "many") {
      this.rows.show(at.work.items);
      $("facts").textContent = summaryOf(at.work);
    }
    if (at.kind === "result" && redrawing) $("facts").textContent = `Redrawing, ${this.progress.short(redrawing)}`;
    $("download").hidden = at.kind === "many" && !at.work.done.length;
    $("download").disabled = Boolean(redrawing);
    const elsewhere = work?.running && at.work !== work; // than what is shown
    $("to-server").hidden = !(running?.isLocal && ["loading", "working"].includes(running.status.phase));
    $("another").hidden = Boolean(work?.running);
    $("back").hidden = !(elsewhere || (list && at.kind === "result"));
    const toOne = elsewhere && work.items.length === 1;
    $("back").textContent = toOne ? `Back to ${work.items[0].source.name}` : "Back to the list";
    this.onTitle();
  }

  get title() {
    const { at, work } = this;
    if (work?.running) return `${this.progress.short(work)} – ${this.progress.name(work)}`;
    if (at.kind === "many") return this.progress.name(at.work);
    return at.kind === "result" ? `${at.source.name}, enlarged` : TITLE;
  }

  #go(at, section) {
    this.at = at;
    for (const id of ["start", "prepare", "work"]) $(id).hidden = id !== section;
    $("one").hidden = at.kind === "many";
    $("many").hidden = at.kind !== "many";
    this.strip.mark(at.result?.id);
    if (at.result) sessionStorage.setItem(OPEN, at.result.id);
    else sessionStorage.removeItem(OPEN);
    this.render();
  }
}

const ALONE = ". This browser cannot show the original beside it";

const summaryOf = ({ settings, running, done, items, failed }) =>
  (running ? "" : `${words.tally(done.length, items.length, failed.length)}; `) + words.settings(settings);

function tookOf(file, size, result) {
  if (result) return result.seconds && words.seconds(result.seconds);
  return size && words.bytes(file.size);
}

/** What there is to say of a picture, and of its result where there is one. */
export function factsOf({ size, file, note }, result) {
  const from = size ? words.size(size) : words.bytes(file.size);
  const sizes = size ? [from, result && words.size(result)] : [result ? words.size(result) : from];
  const facts = [sizes.filter(Boolean).join(" → "), tookOf(file, size, result), note, result?.where];
  return facts.filter(Boolean).join(", ") + (result && !size ? ALONE : "");
}
