/** How a picture is painted: the controls of the art tab, and what they ask of the server. */
import { recall, remember } from "./settings.js";

const KEY = "art";
const $ = (id) => document.getElementById(id);

/** By what /healthz calls it: what it is, and the size (pixels) that ends in about a minute on two cores. */
const WAYS = {
  fast: { says: "Networks that were trained for it paint in seconds.", size: 512 },
  style: { says: "The picture is changed step by step until it has the style. This takes minutes.", size: 384 },
  dream: { says: "Without a style: a network draws what it looks for into the picture, for minutes.", size: 384 },
};

export class ArtSettings {
  #sizes = Object.fromEntries(Object.entries(WAYS).map(([way, { size }]) => [way, size])); // that are chosen, by way

  /** onWay() is called when another way is chosen. */
  constructor(onWay) {
    this.onWay = onWay;
    for (const input of document.querySelectorAll("[name=way]"))
      input.onchange = () => {
        $("art-size").value = this.#sizes[this.way];
        this.#changed();
        onWay();
      };
    for (const id of ["strength", "depth"]) $(id).oninput = () => this.#show();
    for (const id of ["strength", "depth", "keep-colours", "art-size"]) $(id).onchange = () => this.#changed();
  }

  get way() {
    return document.querySelector("[name=way]:checked").value;
  }

  /** Offer the ways that this server has; mixes: whether its fast one takes a strength. */
  offer(ways, mixes) {
    this.mixes = mixes;
    for (const input of document.querySelectorAll("[name=way]"))
      if (!ways.includes(input.value)) input.parentElement.remove();
    const kept = recall(KEY) ?? {};
    const way = ways.includes(kept.way) ? kept.way : Object.keys(WAYS).find((name) => ways.includes(name));
    document.querySelector(`[name=way][value=${way}]`).checked = true;
    $("strength").value = kept.strength ?? 1;
    $("depth").value = kept.depth ?? 10;
    $("keep-colours").checked = kept.keep ?? false;
    Object.assign(this.#sizes, kept.sizes);
    $("art-size").value = this.#sizes[way];
    this.#show();
    this.onWay();
  }

  /** The endpoint and its parameters. */
  get wanted() {
    const { way, strength, depth, keep, sizes } = this.#values;
    const size = sizes[way];
    if (way === "dream") return { path: "v1/dream", settings: { size, steps: depth } };
    const mixed = { ...(this.#takesStrength && { strength }), ...(keep && { keep_colours: "luminance" }) };
    return { path: "v1/style", settings: { fast: way === "fast", size, ...mixed } };
  }

  get #takesStrength() {
    return this.way === "style" || (this.way === "fast" && this.mixes);
  }

  get #values() {
    const [strength, depth, size] = ["strength", "depth", "art-size"].map((id) => Number($(id).value));
    const sizes = { ...this.#sizes, [this.way]: size };
    return { way: this.way, strength, depth, sizes, keep: $("keep-colours").checked };
  }

  #changed() {
    const values = this.#values;
    this.#sizes = values.sizes;
    remember(KEY, values);
    this.#show();
  }

  #show() {
    const { way, strength, depth } = this.#values;
    const dreams = way === "dream";
    $("way-says").textContent = WAYS[way].says;
    $("strength-box").hidden = !this.#takesStrength;
    $("keep-box").hidden = dreams;
    $("depth-box").hidden = !dreams;
    const part = `${Math.round(strength * 100)}%`;
    $("strength-at").textContent = part;
    $("strength").setAttribute("aria-valuetext", part);
    $("depth-at").textContent = `${depth} steps`;
    $("depth").setAttribute("aria-valuetext", `${depth} steps`);
  }
}
