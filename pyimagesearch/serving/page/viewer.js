/** The stage: a picture before and after under one divider, to zoom and to move. */
import { Divider } from "./divider.js";
import { mostDetailed } from "./detail.js";
import { watchGestures } from "./gestures.js";
import { urlOf } from "./picture.js";
import { Viewport } from "./viewport.js";

const ZOOM_STEP = 1.25;
const PAN_STEP = 60; // CSS pixels

export class Viewer {
  #view = new Viewport();

  /** onView(percent, viewport) is told how many screen pixels 100 pixels of the result take, and where they lie. */
  constructor(stage, onView) {
    this.stage = stage;
    this.onView = onView;
    this.world = stage.querySelector(".world");
    this.before = stage.querySelector("img.before");
    this.after = stage.querySelector("img.after");
    this.divider = new Divider(stage.querySelector(".divider"), () => this.#draw());
    new ResizeObserver(() => this.#measure()).observe(stage);
    watchGestures(stage, {
      drag: (dx, dy, at) => this.#drag(dx, dy, at),
      zoom: (factor, at) => this.#change(() => this.#view.zoomTo(this.#view.scale * factor, at)),
      twice: (at) => this.#change(() => this.#toggle(at)),
    });
  }

  /** Show a picture alone, at the size that its result will have; an empty stage where the browser cannot show it. */
  open({ file, size, clear }, scale) {
    this.close();
    this.stage.classList.add("busy");
    this.stage.classList.toggle("clear", clear);
    this.before.hidden = !size;
    if (size) this.before.src = urlOf(file);
    this.#setSize((size?.width ?? 1) * scale, (size?.height ?? 1) * scale);
  }

  /** Show the result, at 1:1 where it has most detail; resolves once it can be seen. */
  async reveal(url) {
    await load(this.after, url);
    const { naturalWidth: width, naturalHeight: height } = this.after;
    const { picture } = this.#view;
    if (picture.width !== width || picture.height !== height) this.#setSize(width, height); // it was a guess
    this.stage.classList.remove("busy");
    this.stage.classList.toggle("alone", this.before.hidden);
    this.stage.setAttribute("aria-label", `Picture, ${width} by ${height} pixels`);
    this.divider.moveTo(this.before.hidden ? 0 : 0.5); // without a picture before, there is nothing to divide
    this.#change(() => this.#view.showExactly(mostDetailed(this.after, this.#view.exactPart)));
  }

  /** Show another result of the same picture, once it can be seen; the place that is looked at stays. */
  async replace(url) {
    const { seen, picture, fits } = this.#view;
    const beside = new Image(); // decoded beside, so that the stage is never empty
    await load(beside, url);
    await load(this.after, url);
    const { naturalWidth: width, naturalHeight: height } = beside;
    if (picture.width === width && picture.height === height) return;
    this.#setSize(width, height);
    const middle = { x: seen.x + seen.width / 2, y: seen.y + seen.height / 2 };
    if (!fits) this.#change(() => this.#view.showExactly(middle));
  }

  /** Bring a place, in fractions of the picture, into the middle. */
  center = (place) => this.#change(() => this.#view.center(place));

  close() {
    this.stage.classList.remove("busy", "alone", "larger", "clear");
    for (const img of [this.before, this.after]) img.removeAttribute("src");
  }

  fit = () => this.#change(() => this.#view.fit());
  exact = () => this.#change(() => this.#view.zoomTo(this.#view.exactScale));
  larger = () => this.#change(() => this.#view.zoomTo(this.#view.scale * ZOOM_STEP));
  smaller = () => this.#change(() => this.#view.zoomTo(this.#view.scale / ZOOM_STEP));

  /** What a key does to the view; returns whether it does anything. Arrows move the picture only `onStage`. */
  onKey(key, onStage) {
    const move = (dx, dy) => () => this.#change(() => this.#view.pan(dx * PAN_STEP, dy * PAN_STEP));
    const zooms = { "+": this.larger, "=": this.larger, "-": this.smaller, 0: this.fit, 1: this.exact };
    const moves = { ArrowLeft: move(1, 0), ArrowRight: move(-1, 0), ArrowUp: move(0, 1), ArrowDown: move(0, -1) };
    const does = zooms[key] ?? (onStage ? moves[key] : undefined);
    does?.();
    return Boolean(does);
  }

  #drag(dx, dy, at) {
    if (this.#view.larger) this.#change(() => this.#view.pan(dx, dy));
    else if (at && dx && !this.stage.classList.contains("busy")) this.divider.moveToX(at.x);
  }

  #toggle(at) {
    const { exactScale, fitScale } = this.#view;
    if (!this.#view.fits) this.#view.fit();
    else this.#view.zoomTo(fitScale < exactScale * 0.9 ? exactScale : fitScale * 2, at);
  }

  #setSize(width, height) {
    this.#view.picture = { width, height };
    this.world.style.width = `${width}px`;
    this.world.style.height = `${height}px`;
    this.#view.fit();
    this.#measure();
  }

  #measure() {
    const { clientWidth, clientHeight } = this.stage;
    if (!clientWidth) return; // it is hidden
    this.#change(() => this.#view.resize(clientWidth, clientHeight, devicePixelRatio));
  }

  #change(how) {
    how();
    this.#draw();
  }

  #draw() {
    const { scale, density, larger, visible } = this.#view;
    const [x, y] = [this.#view.x, this.#view.y].map((offset) => Math.round(offset * density) / density);
    this.world.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    this.world.style.setProperty("--zoom", scale);
    this.divider.place(visible);
    this.before.style.clipPath = this.stage.classList.contains("busy")
      ? ""
      : `inset(0 calc(100% - ${(this.divider.x - x) / scale}px) 0 0)`;
    this.stage.classList.toggle("larger", larger);
    this.onView(Math.round(scale * density * 100), this.#view);
  }
}

async function load(img, url) {
  img.src = url;
  await img.decode();
}
