/** The art tab: two pictures, or one, become a painting. */
import * as api from "./api.js";
import { ArtSettings } from "./art_settings.js";
import { focusAfterWork, quieten, say, tell } from "./notice.js";
import { urlOf } from "./picture.js";
import { Progress } from "./progress.js";
import { save } from "./take.js";
import { Viewer } from "./viewer.js";
import { Wells } from "./wells.js";
import * as words from "./words.js";
import { Work } from "./work.js";

const TITLE = "Paint a picture";
const $ = (id) => document.getElementById(id);

export class Art {
  #work = null; // at work now
  #painting = null; // that is shown: { blob, name, source }

  /** onEnlarge(file) is called when a person wants a painting larger, onTitle() when `title` may have changed. */
  constructor({ onEnlarge, onTitle }) {
    this.onTitle = onTitle;
    this.wells = new Wells({ onChange: () => this.#showPictures(), onError: tell });
    this.settings = new ArtSettings(() => this.#showWay());
    this.progress = new Progress("art-");
    this.viewer = new Viewer($("art-stage"), () => {});
    $("art-stage").onkeydown = (event) => {
      const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
      if (plain && this.viewer.onKey(event.key, event.target === $("art-stage"))) event.preventDefault();
    };
    $("paint").onclick = () => this.#paint();
    $("art-cancel").onclick = () => this.cancel();
    $("art-pictures").onclick = () => this.#showPictures();
    $("art-download").onclick = () => this.#download();
    $("art-enlarge").onclick = () => {
      const { blob, name } = this.#painting;
      onEnlarge(new File([blob], name, { type: "image/png" }));
    };
  }

  get running() {
    return Boolean(this.#work);
  }

  get title() {
    return this.#work ? `${this.progress.short(this.#work)} – ${this.progress.name(this.#work)}` : TITLE;
  }

  /** Offer what the server has: `art` and `limits` of /healthz. */
  offer({ art, limits }) {
    this.limits = limits;
    this.wells.offer(limits);
    this.settings.offer(art);
  }

  /** Take pictures that were dropped on an element, or pasted. */
  give(files, target) {
    if (!this.running) this.wells.give(files, target);
  }

  /** Stop; the pictures stay. */
  cancel() {
    this.#work?.cancel();
  }

  /** Take the notice away. */
  dismiss() {
    quieten();
    $(this.running ? "art-cancel" : this.wells.full ? "paint" : "content-file").focus();
  }

  async #paint() {
    quieten();
    const { content, style } = this.wells;
    const { path, settings } = this.settings.wanted;
    const parts = this.wells.needsStyle ? [["content", content], ["style", style]] : [["content", content]];
    const send = (_, wanted, options) => api.send(path, parts, wanted, options);
    const onChange = () => this.#render();
    const work = new Work([content], settings, this.limits, { ready: (source) => source, onChange, send });
    this.#work = work;
    this.progress.doing = path === "v1/dream" ? "Dreaming" : "Painting";
    this.#show("art-stage");
    this.viewer.open(content, 1);
    this.#render();
    $("art-cancel").focus();
    let error = null;
    try {
      await work.run();
    } catch (reason) {
      error = reason;
    }
    this.#work = null;
    const [{ result: blob, error: failed }] = work.items;
    if (blob) await this.#reveal(blob, content, path);
    else this.#goBack(error ?? new Error(failed));
  }

  #download() {
    const { blob, name } = this.#painting;
    save(blob, name);
    say("said", `Saved as ${name}`);
  }

  async #reveal(blob, content, path) {
    const name = words.resultName(content.name, path.replace("v1/", ""), { format: "png" });
    this.#painting = { blob, name, source: content };
    await this.viewer.reveal(urlOf(blob));
    this.viewer.fit();
    this.#render();
    const { naturalWidth: width, naturalHeight: height } = this.viewer.after;
    $("art-facts").textContent = `${words.size({ width, height })}, ${words.bytes(blob.size)}`;
    say("said", `Done: ${width} by ${height} pixels.`);
    focusAfterWork($("art-download"));
  }

  #goBack(error) {
    this.#showPictures();
    if (error.name === "AbortError") return $("paint").focus();
    tell(error, error instanceof api.Unreachable && (() => this.#paint()));
  }

  #showWay() {
    this.wells.need(this.settings.way !== "dream");
    this.#render();
  }

  /** The pictures that are to be painted; the painting that there was is left. */
  #showPictures() {
    if (this.running) return;
    this.#painting = null;
    this.#show("pair");
    this.#render();
  }

  #show(id) {
    for (const each of ["pair", "art-stage"]) $(each).hidden = each !== id;
  }

  #render() {
    const work = this.#work;
    $("art-panel").classList.toggle("waiting", this.running);
    if (work) this.progress.show(work);
    const done = Boolean(this.#painting) && !work;
    $("examples").hidden = $("pair").hidden || !this.wells.needsStyle;
    const dreams = this.settings.way === "dream";
    $("art-title").textContent = done ? this.#painting.source.name : TITLE;
    if (!done) $("art-facts").textContent = this.wells.full || work ? "" : `Choose ${this.#missing}.`;
    $("paint").disabled = !this.wells.full;
    $("paint").textContent = done ? (dreams ? "Dream again" : "Paint again") : dreams ? "Dream" : "Paint it";
    $("paint").classList.toggle("primary", !done);
    $("art-take").hidden = $("art-pictures").hidden = !done;
    this.onTitle();
  }

  get #missing() {
    const { content, style, needsStyle } = this.wells;
    const missing = [content ? "" : "a picture", style || !needsStyle ? "" : "a style"];
    return missing.filter(Boolean).join(" and ");
  }
}
