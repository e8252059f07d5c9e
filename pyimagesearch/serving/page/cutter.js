/** The frame that cuts a part out of a picture, by mouse, fingers and keys. */
import { urlOf } from "./picture.js";
import { fitting } from "./shrink.js";

const STEP = 0.02; // of the picture's longer side that an arrow key moves or changes
const LEAST = 16; // pixels of a side

export class Cutter {
  #picture = { width: 1, height: 1 };
  #shown = { x: 0, y: 0, scale: 1 }; // where the picture lies on the stage, in CSS pixels

  /** onChange(part) is called with the part of the picture inside the frame, in its pixels. */
  constructor(stage, onChange) {
    this.stage = stage;
    this.img = stage.querySelector("img");
    this.frame = stage.querySelector(".cut");
    this.onChange = onChange;
    new ResizeObserver(() => this.#draw()).observe(stage);
    this.frame.addEventListener("pointerdown", (event) => this.#onPress(event));
    this.frame.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** Show a picture and a frame of at most so many pixels around a place, given as fractions. */
  open({ file, size }, pixels, middle) {
    this.img.src = urlOf(file);
    this.#picture = size;
    this.pixels = pixels;
    const { width, height } = fitting(size, pixels);
    this.part = { width, height, x: middle.x * size.width - width / 2, y: middle.y * size.height - height / 2 };
    this.#move(0, 0);
  }

  #move(dx, dy) {
    const { part } = this;
    part.x = Math.round(held(part.x + dx, this.#picture.width - part.width));
    part.y = Math.round(held(part.y + dy, this.#picture.height - part.height));
    this.#draw();
    this.onChange(part);
  }

  /** Move one corner; the opposite one stays. `corner` names the sides that move, such as "left top". */
  #stretch(corner, dx, dy) {
    const { part } = this;
    const [left, top] = [corner.includes("left"), corner.includes("top")];
    const [right, bottom] = [part.x + part.width, part.y + part.height];
    const [room, depth] = left
      ? [right, top ? bottom : this.#picture.height - part.y]
      : [this.#picture.width - part.x, top ? bottom : this.#picture.height - part.y];
    const wanted = {
      width: Math.round(Math.min(room, Math.max(LEAST, part.width + (left ? -dx : dx)))),
      height: Math.round(Math.min(depth, Math.max(LEAST, part.height + (top ? -dy : dy)))),
    };
    Object.assign(part, fitting(wanted, this.pixels));
    if (left) part.x = right - part.width;
    if (top) part.y = bottom - part.height;
    this.#move(0, 0);
  }

  #draw() {
    const { clientWidth, clientHeight } = this.stage;
    if (!clientWidth || !this.part) return; // it is hidden, or empty
    const { width, height } = this.#picture;
    const scale = Math.min(clientWidth / width, clientHeight / height, 1);
    const [x, y] = [(clientWidth - width * scale) / 2, (clientHeight - height * scale) / 2];
    this.#shown = { x, y, scale };
    place(this.img, { x, y, width: width * scale, height: height * scale });
    const { part } = this;
    const at = { x: x + part.x * scale, y: y + part.y * scale, width: part.width * scale, height: part.height * scale };
    place(this.frame, at);
    this.frame.setAttribute("aria-label", `The part to enlarge, ${part.width} by ${part.height} pixels`);
  }

  #onPress(event) {
    if (event.button !== 0) return;
    const corner = event.target.dataset.corner;
    let { clientX, clientY } = event;
    const onDrag = (drag) => {
      const [dx, dy] = [drag.clientX - clientX, drag.clientY - clientY].map((moved) => moved / this.#shown.scale);
      [clientX, clientY] = [drag.clientX, drag.clientY];
      if (corner) this.#stretch(corner, dx, dy);
      else this.#move(dx, dy);
    };
    this.frame.setPointerCapture(event.pointerId);
    this.frame.addEventListener("pointermove", onDrag);
    this.frame.addEventListener("lostpointercapture", () => this.frame.removeEventListener("pointermove", onDrag), {
      once: true,
    });
  }

  #onKey(event) {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const way = ways[event.key];
    if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const step = STEP * Math.max(this.#picture.width, this.#picture.height);
    const [dx, dy] = way.map((part) => part * step);
    if (event.shiftKey) this.#stretch("right bottom", dx, dy);
    else this.#move(dx, dy);
  }
}

const held = (value, most) => Math.min(Math.max(0, most), Math.max(0, value));

function place({ style }, { x, y, width, height }) {
  Object.assign(style, { left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` });
}
