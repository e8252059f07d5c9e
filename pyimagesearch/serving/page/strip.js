/** The strip of results that this browser keeps, the newest first. */
import { decoded, newId, thumbnail, urlOf } from "./picture.js";
import * as store from "./store.js";
import * as words from "./words.js";

const $ = (id) => document.getElementById(id);

/**
 * A result as it is kept: { id, made, source, name, note, file, size, clear, settings, seconds, where, blob, width, height,
 * job, thumb }. `size` is of the file that came in, null where the browser cannot show it; `width` and `height` are of `blob`.
 */
export class Strip {
  #results = [];

  /** onOpen(result) is called when a person chooses one. */
  constructor(onOpen) {
    this.onOpen = onOpen;
    $("forget").onclick = () => this.#clear();
  }

  /** Show what earlier visits left. */
  async load() {
    this.#results = await store.all();
    this.#show();
  }

  get(id) {
    return this.#results.find((result) => result.id === id);
  }

  /** The result of the same picture with the same settings, if there is one. */
  find(source, settings) {
    const wanted = JSON.stringify(settings);
    return this.#results.find((result) => result.source === source.id && JSON.stringify(result.settings) === wanted);
  }

  /** Keep the result of a picture; returns it. */
  async add(source, settings, { result: blob, seconds, job, where }) {
    const img = await decoded(urlOf(blob));
    if (!img) throw new Error("The result cannot be shown by this browser. Try again.");
    const { name, note, file, size, clear } = source;
    const kept = {
      id: newId(), source: source.id, made: Date.now(), name, note, file, size, clear, settings, seconds, where, blob,
      job,      width: img.naturalWidth, height: img.naturalHeight, thumb: await thumbnail(img, clear),
    };
    this.#results.unshift(kept);
    this.#results.splice(store.MOST);
    this.#show();
    store.put(kept);
    return kept;
  }

  /** Mark the result that is open now, by its id. */
  mark(id) {
    for (const button of $("results").querySelectorAll("button"))
      button.setAttribute("aria-current", String(button.dataset.id === id));
  }

  async #clear() {
    await store.clear(); // a reload that comes too early would show again what seems removed
    this.#results = [];
    this.#show();
  }

  #show() {
    $("strip").hidden = !this.#results.length;
    const current = $("results").querySelector("[aria-current=true]")?.dataset.id;
    for (const img of $("results").querySelectorAll("img")) URL.revokeObjectURL(img.src);
    $("results").replaceChildren(...this.#results.map((result) => this.#entry(result)));
    this.mark(current);
  }

  #entry(result) {
    const button = Object.assign(document.createElement("button"), { type: "button", title: result.name });
    button.dataset.id = result.id;
    button.onclick = () => this.onOpen(result);
    const img = document.createElement("img");
    Object.assign(img, { src: URL.createObjectURL(result.thumb), alt: result.name });
    const said = Object.assign(document.createElement("span"), { textContent: words.settings(result.settings) });
    button.append(img, said);
    const item = document.createElement("li");
    item.append(button);
    return item;
  }
}

/** The picture that a kept result was made of, to be shown and to be enlarged again. */
export function sourceOf({ source: id, name, note, file, size, clear }) {
  return { id, name, note, file, size, clear };
}
