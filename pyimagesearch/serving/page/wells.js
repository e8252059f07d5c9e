/** Where the two pictures of the art tab go: the picture, and the style that it gets. */
import { say } from "./notice.js";
import { inspect, urlOf } from "./picture.js";
import { checkBytes, shrink, tooLarge } from "./prepare.js";

const $ = (id) => document.getElementById(id);
const NAMES = ["content", "style"];

export class Wells {
  content = null; // as picture.js inspects them
  style = null;
  needsStyle = true;
  #reading = {}; // by name: a symbol of the file that was given last, until it is read

  /**
   * onPicture() is called when another picture is there, onReading() when `reading` may have changed, onError(error)
   * where a file is no good.
   */
  constructor({ onPicture, onReading, onError }) {
    Object.assign(this, { onPicture, onReading, onError });
    for (const name of NAMES) {
      const input = $(`${name}-file`);
      input.onchange = () => {
        const files = [...input.files];
        input.value = ""; // so that the same file can be chosen again
        if (files.length) this.#put(name, files[0]);
      };
    }
    for (const button of $("examples").querySelectorAll("button"))
      button.onclick = () => this.#put("style", exampleOf(button.querySelector("img")));
  }

  /** Whether a file is being read. */
  get reading() {
    return NAMES.some((name) => this.#reading[name]);
  }

  /** Whether all pictures are there. */
  get full() {
    return Boolean(this.content && (this.style || !this.needsStyle));
  }

  /** Take files that were dropped on `target`, or pasted: two fill both places, one goes where it lies or is missing. */
  give(files, target) {
    const hit = NAMES.find((name) => $(`${name}-well`).contains(target));
    const missing = this.content && this.needsStyle && !this.style ? "style" : "content";
    if (files.length > 1 && this.needsStyle) files.slice(0, 2).forEach((file, index) => this.#put(NAMES[index], file));
    else this.#put(hit ?? missing, files[0]);
  }

  /** Take out what the server says is no picture: what its sentence names, or else what this browser cannot show. */
  refuse(sentence) {
    const there = NAMES.filter((name) => this[name]);
    const named = there.filter((name) => sentence.startsWith(`${this[name].name} `));
    for (const name of named.length ? named : there.filter((name) => !this[name].size)) this.#set(name, null);
  }

  /** What the server takes, as /healthz has it. */
  offer(limits) {
    this.limits = limits;
  }

  /** Show or hide the place of the style. */
  need(style) {
    this.needsStyle = style;
    $("style-well").hidden = !style;
  }

  /** Put a file, or the promise of one, into its place, unless another is given before it is read. */
  async #put(name, file) {
    const mine = (this.#reading[name] = Symbol(name));
    this.onReading();
    const { source, error } = await this.#read(file).catch((reason) => ({ error: reason }));
    if (this.#reading[name] !== mine) return;
    this.#reading[name] = null;
    if (error) {
      this.onReading();
      return this.onError(error);
    }
    this.#set(name, source);
    this.onPicture();
  }

  async #read(file) {
    let source = await inspect(await file);
    if (tooLarge(source, this.limits)) source = await shrink(source, this.limits);
    checkBytes(source, this.limits);
    return { source };
  }

  #set(name, source) {
    this[name] = source;
    const img = $(`${name}-well`).querySelector("img");
    img.hidden = !source?.size;
    if (source?.size) img.src = urlOf(source.file);
    else img.removeAttribute("src");
    $(`${name}-none`).hidden = Boolean(source);
    $(`${name}-named`).textContent = source?.name ?? "";
    $(`${name}-warns`).hidden = !source || Boolean(source.size); // of a kind that this browser cannot show
    if (source && !source.size) say("said", `${source.name}: ${$(`${name}-warns`).textContent}`);
  }
}

async function exampleOf(img) {
  const blob = await (await fetch(img.src)).blob();
  return new File([blob], `${img.alt}.jpg`, { type: blob.type });
}
