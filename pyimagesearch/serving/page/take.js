/** Taking results along: download, copy, share; format, quality and width are of the result that exists. */
import * as api from "./api.js";
import { decoded, drawn, encoded, scaled } from "./picture.js";
import { recall, remember } from "./settings.js";
import * as words from "./words.js";
import { zip } from "./zip.js";

const KEY = "format";
const $ = (id) => document.getElementById(id);

export class Take {
  #results = []; // what is taken: one, or several as a zip
  #turn = 0; // of weighing: the newest alone may show its number

  /** onError(error, again) is told of what went wrong, onDone(sentence) of what was done. */
  constructor({ onError, onDone }) {
    Object.assign(this, { onError, onDone });
    const kept = recall(KEY);
    if (kept?.format in words.FORMATS) $("format").value = kept.format;
    if (kept?.quality) $("quality").value = kept.quality;
    $("format").onchange = $("quality").onchange = $("width").onchange = () => this.#changed();
    $("quality").oninput = () => this.#show();
    $("download").onclick = () => this.#while($("download"), () => this.#download());
    $("copy").onclick = () => this.#while($("copy"), () => this.#copy());
    $("share").onclick = () => this.#while($("share"), () => this.#share());
    this.#show();
  }

  /** Offer these results: [{ name, settings, blob, job }]. */
  offer(results) {
    this.#results = results;
    const one = results.length === 1;
    $("width-box").hidden = !one;
    $("width").value = "";
    if (one) $("width").max = $("width").placeholder = results[0].width;
    $("takes").textContent = one ? "Download" : "Download all";
    $("copy").hidden = !one || !navigator.clipboard?.write || !globalThis.ClipboardItem;
    const probe = one && new File([results[0].blob], "a.png", { type: "image/png" });
    $("share").hidden = !one || !navigator.canShare?.({ files: [probe] });
    this.#weigh();
  }

  get #wanted() {
    const asked = Math.floor($("width").value);
    const width = asked > 0 && asked < this.#results[0]?.width ? asked : null; // null: that of the result
    return { format: $("format").value, quality: Number($("quality").value), width };
  }

  #changed() {
    const { format, quality, width } = this.#wanted;
    remember(KEY, { format, quality });
    $("width").value = width ?? "";
    this.#show();
    this.#weigh();
  }

  #show() {
    $("quality-box").hidden = this.#wanted.format === "png";
    $("quality-at").textContent = this.#wanted.quality;
  }

  /** Say what the file takes; of several results only where that is known without making their files. */
  async #weigh() {
    const turn = ++this.#turn;
    const results = this.#results;
    $("weight").textContent = "";
    if (!results.length || (results.length > 1 && this.#wanted.format !== "png")) return;
    try {
      const blobs = await Promise.all(results.map((result) => this.#file(result)));
      if (turn === this.#turn) $("weight").textContent = words.bytes(blobs.reduce((sum, { size }) => sum + size, 0));
    } catch {
      // Download says what is wrong
    }
  }

  /** The file of a result in the wanted format; made by the server, or here where the server has forgotten it. */
  async #file(result) {
    const wanted = this.#wanted;
    if (wanted.format === "png" && !wanted.width) return result.blob;
    const key = JSON.stringify(wanted);
    if (result.encoded?.key !== key) {
      const blob = result.job ? this.#encodedThere(result, wanted) : encodeHere(result, wanted);
      result.encoded = { key, blob };
      blob.catch(() => (result.encoded = null));
    }
    return result.encoded.blob;
  }

  #encodedThere(result, wanted) {
    return api.result(result.job, wanted).catch((error) => {
      if (error.code === "not_acceptable") throw error;
      return encodeHere(result, wanted);
    });
  }

  async #download() {
    const wanted = this.#wanted;
    const named = ({ name, settings }) => words.resultName(name, `x${settings.scale}`, wanted);
    if (this.#results.length === 1) {
      const [result] = this.#results;
      return this.#save(await this.#file(result), named(result));
    }
    const files = [];
    for (const result of this.#results) {
      $("weight").textContent = `${files.length + 1} of ${this.#results.length}`;
      files.push({ name: named(result), blob: await this.#file(result) });
    }
    await this.#save(await zip(files), `${words.pictures(files.length)}.zip`);
    this.#weigh();
  }

  #save(blob, name) {
    save(blob, name);
    this.onDone(`Saved as ${name}`);
  }

  async #copy() {
    await navigator.clipboard.write([new ClipboardItem({ "image/png": this.#results[0].blob })]);
    this.onDone("Copied");
    flash($("copy"), "Copied");
  }

  async #share() {
    const [result] = this.#results;
    const wanted = this.#wanted;
    const name = words.resultName(result.name, `x${result.settings.scale}`, wanted);
    const file = new File([await this.#file(result)], name, { type: words.FORMATS[wanted.format] });
    await navigator.share({ files: [file] });
  }

  async #while(button, act) {
    button.disabled = true;
    try {
      await act();
    } catch (error) {
      if (error.name === "AbortError") return; // a person who shares nothing after all
      this.onError(error instanceof api.ServerError ? new Error(words.explain(error)) : error);
    } finally {
      button.disabled = false;
      if (document.activeElement === document.body) button.focus();
    }
  }
}

/** Have the browser save a file under this name. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

async function encodeHere({ blob, clear }, { format, quality, width }) {
  if (clear && format === "jpeg") throw new api.ServerError({ code: "not_acceptable", message: "" });
  const url = URL.createObjectURL(blob);
  const img = await decoded(url);
  URL.revokeObjectURL(url);
  const canvas = drawn(img, scaled(img, (width ?? img.naturalWidth) / img.naturalWidth));
  const made = await encoded(canvas, words.FORMATS[format], quality / 100);
  if (made?.type === words.FORMATS[format]) return made;
  throw new Error("This browser cannot make the format, and the server does not have the picture. Choose PNG.");
}

function flash(button, text) {
  const before = button.textContent;
  button.textContent = text;
  setTimeout(() => (button.textContent = before), 1500);
}
