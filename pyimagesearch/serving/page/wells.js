/** Where the two pictures of the art tab go: the picture, and the style that it gets. */
import { inspect, urlOf } from "./picture.js";
import { checkBytes, shrink, tooLarge } from "./prepare.js";

const $ = (id) => document.getElementById(id);
const NAMES = ["content", "style"];

export class Wells {
  content = null; // as picture.js inspects them
  style = null;
  needsStyle = true;

  /** onChange() is called when a picture is there, onError(error) where a file is no good. */
  constructor({ onChange, onError }) {
    Object.assign(this, { onChange, onError });
    for (const name of NAMES) {
      const input = $(`${name}-file`);
      input.onchange = () => {
        const files = [...input.files];
        input.value = ""; // so that the same file can be chosen again
        if (files.length) this.#put(name, files[0]);
      };
    }
    for (const button of $("examples").querySelectorAll("button"))
      button.onclick = () => this.#putExample(button.querySelector("img"));
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

  /** What the server takes, as /healthz has it. */
  offer(limits) {
    this.limits = limits;
  }

  /** Show or hide the place of the style. */
  need(style) {
    this.needsStyle = style;
    $("style-well").hidden = !style;
  }

  async #putExample(img) {
    try {
      const blob = await (await fetch(img.src)).blob();
      await this.#put("style", new File([blob], `${img.alt}.jpg`, { type: blob.type }));
    } catch (error) {
      this.onError(error);
    }
  }

  async #put(name, file) {
    try {
      let source = await inspect(file);
      if (tooLarge(source, this.limits)) source = await shrink(source, this.limits);
      checkBytes(source, this.limits);
      this[name] = source;
      const img = $(`${name}-well`).querySelector("img");
      img.hidden = !source.size; // of a kind that this browser cannot show
      if (source.size) img.src = urlOf(source.file);
      $(`${name}-named`).textContent = source.name;
      this.onChange();
    } catch (error) {
      this.onError(error);
    }
  }
}
