/** The list of several pictures: a row each, with its state. */
import { decoded, thumbnail, urlOf } from "./picture.js";
import * as words from "./words.js";

export class Rows {
  #rows = new Map(); // item -> { state, bar, open }

  /** onOpen(item) is called for a picture that is done. */
  constructor(list, onOpen) {
    this.list = list;
    this.onOpen = onOpen;
  }

  /** Show these items and no others; rows that are there stay, so that the focus does. */
  show(items) {
    for (const [item, { row }] of this.#rows)
      if (!items.includes(item)) {
        row.remove();
        this.#rows.delete(item);
      }
    for (const item of items) {
      if (!this.#rows.has(item)) this.#add(item);
      this.#update(item);
    }
  }

  #add(item) {
    const row = document.createElement("li");
    row.innerHTML = `<img alt=""><div><b></b><span class="hint"></span><progress max="1" hidden></progress></div>
      <button type="button" hidden>Open</button>`;
    const [img, name, state, bar, open] = row.querySelectorAll("img, b, span, progress, button");
    name.textContent = item.source.name;
    bar.setAttribute("aria-label", item.source.name);
    open.setAttribute("aria-label", `Open ${item.source.name}`);
    open.onclick = () => this.onOpen(item);
    this.#rows.set(item, { row, state, bar, open });
    this.list.append(row);
    showThumbnail(img, item.source);
  }

  #update(item) {
    const { row, state, bar, open } = this.#rows.get(item);
    row.dataset.state = item.state;
    const said = said_of[item.state](item);
    if (state.textContent !== said) state.textContent = said;
    bar.hidden = item.state !== "working";
    bar.value = item.progress;
    open.hidden = item.state !== "done" || !item.kept;
  }
}

const noted = ({ note }) => (note ? `, ${note}` : "");
const told = ({ where }) => (where ? `, ${where}` : "");

const said_of = {
  waiting: (item) => `Waiting${noted(item.source)}${told(item)}`,
  working: (item) => `${words.percent(item.progress)}${noted(item.source)}${told(item)}`,
  done: (item) =>
    item.kept ? `${words.size(item.kept)}, ${words.bytes(item.kept.blob.size)}${noted(item.source)}${told(item)}` : "Done",
  failed: ({ error }) => error,
};

async function showThumbnail(img, { file, size, clear }) {
  if (!size) return;
  const small = await thumbnail(await decoded(urlOf(file)), clear);
  img.onload = () => URL.revokeObjectURL(img.src);
  img.src = URL.createObjectURL(small);
}
