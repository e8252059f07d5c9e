/** The art tab: two pictures, or one, become a painting. */
import * as api from "./api.js";
import { ArtSettings } from "./art_settings.js";
import { artNotice, focusAfterWork, say } from "./notice.js";
import { urlOf } from "./picture.js";
import { Progress } from "./progress.js";
import { save } from "./take.js";
import { Viewer } from "./viewer.js";
import { Wells } from "./wells.js";
import * as words from "./words.js";
import { Work } from "./work.js";

const TITLE = "Paint a picture";
const $ = (id) => document.getElementById(id);
const { tell, quieten } = artNotice;

export class Art {
  #work = null; // at work now
  #painting = null; // the newest, { blob, name, source, facts }, until there is another: shown, or one click away

  /** onEnlarge(file) is called when a person wants a painting larger, onTitle() when `title` may have changed. */
  constructor({ onEnlarge, onTitle }) {
    this.onTitle = onTitle;
    const [onPicture, onReading] = [() => this.#showPictures(), () => this.#render()];
    this.wells = new Wells({ onPicture, onReading, onError: tell });
    this.settings = new ArtSettings(() => this.#showWay());
    this.progress = new Progress("art-");
    this.viewer = new Viewer($("art-stage"), () => {});
    $("art-stage").onkeydown = (event) => {
      const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
      if (plain && this.viewer.onKey(event.key, event.target === $("art-stage"))) event.preventDefault();
    };
    $("paint").onclick = () => this.#paint();
    $("art-cancel").onclick = () => this.cancel();
    $("art-pictures").onclick = () => {
      this.#showPictures();
      $("content-file").focus();
    };
    $("art-back").onclick = async () => {
      await this.#showPainting();
      $("art-download").focus();
    };
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

  /** Offer what the server has: `art`, `art_mixes` and `limits` of /healthz. */
  offer({ art, art_mixes: mixes, limits }) {
    this.limits = limits;
    this.wells.offer(limits);
    this.settings.offer(art, mixes);
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
    const otherwise = this.#isPainted ? "art-download" : "content-file";
    $(this.running ? "art-cancel" : $("paint").disabled ? otherwise : "paint").focus();
  }

  async #paint() {
    quieten();
    if ($("paint").disabled) return; // it was asked to try again, and the pictures are others now
    const again = this.#isPainted;
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
    const [{ result: blob, error: failed, code }] = work.items;
    if (blob) await this.#finish(blob, content, path);
    else await this.#goBack(error ?? Object.assign(new Error(failed), { code }), again);
  }

  #download() {
    const { blob, name } = this.#painting;
    save(blob, name);
    say("said", `Saved as ${name}`);
  }

  async #finish(blob, source, path) {
    const name = words.resultName(source.name, path.replace("v1/", ""), { format: "png" });
    await this.viewer.reveal(urlOf(blob));
    const { naturalWidth: width, naturalHeight: height } = this.viewer.after;
    this.#painting = { blob, name, source, facts: `${words.size({ width, height })}, ${words.bytes(blob.size)}` };
    this.viewer.fit();
    this.#render();
    say("said", `Done: ${width} by ${height} pixels.`);
    focusAfterWork($("art-download"));
  }

  /** To where the work began: the painting that was there, if it is painted again, or the pictures. */
  async #goBack(error, again) {
    const refused = error.code === "not_a_picture";
    if (refused) this.wells.refuse(error.message);
    if (again && !refused) await this.#showPainting();
    else this.#showPictures();
    if (error.name === "AbortError") return $("paint").focus();
    tell(error, error instanceof api.Unreachable && (() => this.#paint()));
  }

  #showWay() {
    this.wells.need(this.settings.way !== "dream");
    this.#render();
  }

  /** The pictures that are to be painted. */
  #showPictures() {
    this.#show("pair");
    this.#render();
  }

  async #showPainting() {
    const { source, blob } = this.#painting;
    this.#show("art-stage");
    this.#render();
    this.viewer.open(source, 1);
    await this.viewer.reveal(urlOf(blob));
    this.viewer.fit();
  }

  /** Whether a painting is shown. */
  get #isPainted() {
    return Boolean(this.#painting) && !this.running && !$("art-stage").hidden;
  }

  #show(id) {
    for (const each of ["pair", "art-stage"]) $(each).hidden = each !== id;
  }

  #render() {
    const work = this.#work;
    $("art-panel").classList.toggle("waiting", this.running);
    if (work) this.progress.show(work);
    const done = this.#isPainted;
    $("examples").hidden = $("pair").hidden || !this.wells.needsStyle;
    const dreams = this.settings.way === "dream";
    $("art-title").textContent = done ? this.#painting.source.name : TITLE;
    $("art-facts").textContent = [done && this.#painting.facts, !work && this.#needed].filter(Boolean).join(". ");
    $("paint").disabled = !this.wells.full || this.wells.reading;
    $("paint").textContent = done ? (dreams ? "Dream again" : "Paint again") : dreams ? "Dream" : "Paint it";
    $("paint").classList.toggle("primary", !done);
    $("art-take").hidden = $("art-pictures").hidden = !done;
    $("art-back").hidden = $("pair").hidden || !this.#painting;
    this.onTitle();
  }

  /** What there is to wait for, or to choose, before it can be painted. */
  get #needed() {
    const { content, style, needsStyle, reading, full } = this.wells;
    if (reading) return "Reading the picture.";
    const missing = [content ? "" : "a picture", style || !needsStyle ? "" : "a style"];
    return full ? "" : `Choose ${missing.filter(Boolean).join(" and ")}.`;
  }
}
