/**
 * Where a picture lies on its stage, and how large: plain numbers, no DOM.
 *
 * Stage and offsets are in CSS pixels, the picture in its own; `scale` is CSS pixels per picture pixel.
 */
const LEAST_SEEN = 240; // CSS pixels that the longer side of a tiny picture gets
const MOST_FITTED = 2; // CSS pixels per picture pixel where all of it is shown: larger, it would look soft
const MOST_ZOOM = 8; // screen pixels per picture pixel

export class Viewport {
  stage = { width: 1, height: 1 };
  picture = { width: 1, height: 1 };
  density = 1; // screen pixels per CSS pixel
  scale = 1;
  x = 0;
  y = 0;

  /** The scale that shows all of the picture. */
  get fitScale() {
    const { stage, picture } = this;
    const whole = Math.min(stage.width / picture.width, stage.height / picture.height);
    return Math.min(whole, Math.max(MOST_FITTED, LEAST_SEEN / Math.max(picture.width, picture.height)));
  }

  /** The scale at which a picture pixel is a screen pixel. */
  get exactScale() {
    return 1 / this.density;
  }

  get fits() {
    return Math.abs(this.scale / this.fitScale - 1) < 1e-6;
  }

  /** Whether some of the picture lies outside the stage, so that it can be moved. */
  get larger() {
    const { stage, picture, scale } = this;
    return picture.width * scale > stage.width + 0.5 || picture.height * scale > stage.height + 0.5;
  }

  /** The part of the stage that the picture covers. */
  get visible() {
    const { stage, picture, scale, x, y } = this;
    return {
      left: Math.max(0, x),
      top: Math.max(0, y),
      right: Math.min(stage.width, x + picture.width * scale),
      bottom: Math.min(stage.height, y + picture.height * scale),
    };
  }

  fit() {
    this.scale = this.fitScale;
    this.pan(0, 0);
  }

  /** Show every picture pixel as a screen pixel, around a place in fractions of the picture; all of it where that fits. */
  showExactly({ x, y }) {
    if (this.fitScale >= this.exactScale) return this.fit();
    this.scale = this.exactScale;
    this.center({ x, y });
  }

  /** Bring the place at these fractions of the picture into the middle. */
  center({ x, y }) {
    const { stage, picture, scale } = this;
    this.x = stage.width / 2 - x * picture.width * scale;
    this.y = stage.height / 2 - y * picture.height * scale;
    this.pan(0, 0);
  }

  /** What of the picture is seen, as fractions of it. */
  get seen() {
    const { left, top, right, bottom } = this.visible;
    const [width, height] = [this.picture.width * this.scale, this.picture.height * this.scale];
    const [x, y] = [(left - this.x) / width, (top - this.y) / height];
    return { x, y, width: (right - left) / width, height: (bottom - top) / height };
  }

  /** The part of each side that is seen at 1:1. */
  get exactPart() {
    const { stage, picture, exactScale } = this;
    const part = (room, side) => Math.min(1, room / (side * exactScale));
    return { width: part(stage.width, picture.width), height: part(stage.height, picture.height) };
  }

  /** A stage of a new size keeps its middle, and a picture that fitted fits. */
  resize(width, height, density) {
    const fitted = this.fits;
    this.x += (width - this.stage.width) / 2;
    this.y += (height - this.stage.height) / 2;
    this.stage = { width, height };
    this.density = density;
    if (fitted) this.fit();
    else this.zoomTo(this.scale);
  }

  /** Zoom so that the place `at` of the stage stays where it is. */
  zoomTo(scale, at = { x: this.stage.width / 2, y: this.stage.height / 2 }) {
    const least = Math.min(this.fitScale, this.exactScale);
    const most = Math.max(this.fitScale, this.exactScale * MOST_ZOOM);
    const wanted = Math.min(most, Math.max(least, scale));
    this.x = at.x - ((at.x - this.x) * wanted) / this.scale;
    this.y = at.y - ((at.y - this.y) * wanted) / this.scale;
    this.scale = wanted;
    this.pan(0, 0);
  }

  /** Move; a picture larger than the stage covers it, a smaller one is in its middle. */
  pan(dx, dy) {
    const { stage, picture, scale } = this;
    this.x = held(this.x + dx, stage.width, picture.width * scale);
    this.y = held(this.y + dy, stage.height, picture.height * scale);
  }
}

function held(offset, room, size) {
  return size <= room ? (room - size) / 2 : Math.min(0, Math.max(room - size, offset));
}
