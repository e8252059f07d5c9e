/** What is done to pictures before any of them is sent: limits are kept by a person's choice, not by a refusal. */
import { Cutter } from "./cutter.js";
import { mostDetailed } from "./detail.js";
import { decoded, urlOf } from "./picture.js";
import { cut, fitting, shrunk } from "./shrink.js";
import * as words from "./words.js";

const $ = (id) => document.getElementById(id);

export class Prepare {
  #decide = null; // resolves what ask() waits for

  constructor() {
    this.cutter = new Cutter($("cutter"), () => this.#describe());
    for (const input of document.querySelectorAll("[name=fit]")) input.onchange = () => this.#describe();
    $("go").onclick = () => this.#decide?.(true);
    $("leave").onclick = () => this.cancel();
  }

  /** Leave without a picture. */
  cancel() {
    this.#decide?.(false);
  }

  /** Ask how a picture over the limit is to fit; the picture that does, or null where the person leaves. */
  async ask(source, limits, scale) {
    this.source = source;
    this.scale = scale;
    this.whole = fitting(source.size, limits.pixels);
    const img = await decoded(urlOf(source.file));
    const part = { width: this.whole.width / source.size.width, height: this.whole.height / source.size.height };
    $("prepare-name").textContent = source.name;
    $("prepare-why").textContent =
      `It has ${words.pixels(source.size.width * source.size.height)} (${words.size(source.size)}). ` +
      `This server takes up to ${words.pixels(limits.pixels)}.`;
    this.cutter.open(source, limits.pixels, mostDetailed(img, part));
    this.#describe();
    const goes = await new Promise((resolve) => (this.#decide = resolve));
    this.#decide = null;
    if (!goes) return null;
    return this.#isWhole() ? shrink(source, limits) : this.#cut(limits);
  }

  async #cut(limits) {
    const made = await cut(this.source, this.cutter.part, limits.bytes);
    made.note = `a part of ${words.size(this.source.size)}`;
    return made;
  }

  #isWhole() {
    return document.querySelector("[name=fit]:checked").value === "whole";
  }

  #describe() {
    const whole = this.#isWhole();
    $("cutter").classList.toggle("whole", whole);
    this.cutter.frame.tabIndex = whole ? -1 : 0;
    $("whole-does").textContent =
      `Made smaller here first, ${words.size(this.whole)}. The result: ${words.size(larger(this.whole, this.scale))}.`;
    const { part } = this.cutter;
    $("part-does").textContent =
      `${words.size(part)}, every pixel kept. The result: ${words.size(larger(part, this.scale))}.`;
  }
}

/** The whole picture, within the limits. */
export async function shrink(source, limits) {
  const made = await shrunk(source, fitting(source.size, limits.pixels), limits.bytes);
  made.note = `shrunk from ${words.size(source.size)}`;
  return made;
}

export const tooLarge = ({ size }, limits) => size && size.width * size.height > limits.pixels;

/** Throw where the file has more bytes than the server takes. */
export function checkBytes({ file, name }, limits) {
  if (file.size > limits.bytes)
    throw new Error(
      `${name} has ${words.bytes(file.size)}, and this server takes at most ${words.bytes(limits.bytes)}. ` +
        "Choose a smaller picture, or save this one as a JPEG.",
    );
}

const larger = ({ width, height }, scale) => ({ width: width * scale, height: height * scale });
