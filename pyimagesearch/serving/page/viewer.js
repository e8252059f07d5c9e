/** The stage: a picture before and after under one divider, to zoom and to move. */
import { Divider } from "./divider.js";
import { watchGestures } from "./gestures.js";
import { Viewport } from "./viewport.js";

const ZOOM_STEP = 1.25;
const PAN_STEP = 60; // CSS pixels

export class Viewer {
  #view = new Viewport();

  /** onZoom(percent) is told how many screen pixels 100 pixels of the result take. */
  constructor(stage, onZoom) {
    this.stage = stage;
    this.onZoom = onZoom;
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

  /** Show a picture alone, at the size that its result will have; without a URL, an empty stage. */
  open(url, width, height) {
    this.close();
    this.stage.classList.add("busy");
    this.before.hidden = !url;
    if (url) this.before.src = url;
    this.#setSize(width, height);
  }

  /** Show the result; resolves once it can be seen. Without a picture before, there is nothing to divide. */
  async reveal(url) {
    await load(this.after, url);
    const { naturalWidth: width, naturalHeight: height } = this.after;
    const { picture } = this.#view;
    if (picture.width !== width || picture.height !== height) this.#setSize(width, height); // it was a guess
    this.stage.classList.remove("busy");
    this.stage.classList.toggle("alone", this.before.hidden);
    this.stage.setAttribute("aria-label", `Picture, ${width} by ${height} pixels`);
    this.divider.moveTo(this.before.hidden ? 0 : 0.5);
  }

  /** Show another result of the same size, once it can be seen. */
  async replace(url) {
    await load(new Image(), url); // decoded beside, so that the stage is never empty
    await load(this.after, url);
  }

  close() {
    this.stage.classList.remove("busy", "alone", "larger");
    for (const img of [this.before, this.after]) img.removeAttribute("src");
  }

  fit = () => this.#change(() => this.#view.fit());
  exact = () => this.#change(() => this.#view.zoomTo(this.#view.exactScale));
  larger = () => this.#change(() => this.#view.zoomTo(this.#view.scale * ZOOM_STEP));
  smaller = () => this.#change(() => this.#view.zoomTo(this.#view.scale / ZOOM_STEP));

  /** What a key does to the view; returns whether it does anything. Arrows move what is larger than the stage. */
  onKey(key) {
    const move = (dx, dy) => () => this.#change(() => this.#view.pan(dx * PAN_STEP, dy * PAN_STEP));
    const does = {
      "+": this.larger,
      "=": this.larger,
      "-": this.smaller,
      0: this.fit,
      1: this.exact,
      ArrowLeft: move(1, 0),
      ArrowRight: move(-1, 0),
      ArrowUp: move(0, 1),
      ArrowDown: move(0, -1),
    }[key];
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
    this.onZoom(Math.round(scale * density * 100));
  }
}

async function load(img, url) {
  img.src = url;
  await img.decode();
}
