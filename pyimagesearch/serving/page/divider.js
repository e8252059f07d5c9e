/** The divider of a stage: a slider between "before" on its left and "after" on its right. */
const STEP = 0.02;
const LEAP = 0.1;

export class Divider {
  part = 0.5; // of the visible picture that shows "before"
  #span = { left: 0, right: 1, top: 0, bottom: 0 };

  /** onMove() is called whenever the divider stands elsewhere. */
  constructor(element, onMove) {
    this.element = element;
    this.onMove = onMove;
    for (const [name, value] of Object.entries({ valuemin: 0, valuemax: 100, orientation: "horizontal" }))
      element.setAttribute(`aria-${name}`, value);
    element.addEventListener("keydown", (event) => this.#onKey(event));
    element.addEventListener("pointerdown", (event) => this.#onPress(event));
  }

  /** Where it stands on the stage, in CSS pixels. */
  get x() {
    return this.#span.left + this.part * (this.#span.right - this.#span.left);
  }

  /** The part of the stage, in CSS pixels, that it can go over: where the picture can be seen. */
  place(span) {
    this.#span = span;
    const { style } = this.element;
    style.top = `${span.top}px`;
    style.bottom = "auto";
    style.height = `${span.bottom - span.top}px`;
    style.left = `${this.x}px`;
    const percent = Math.round(this.part * 100);
    this.element.setAttribute("aria-valuenow", percent);
    this.element.setAttribute("aria-valuetext", `${percent}% before, ${100 - percent}% after`);
  }

  moveTo(part) {
    this.part = Math.min(1, Math.max(0, part));
    this.onMove();
  }

  /** Go to a place of the stage, in CSS pixels from its left. */
  moveToX(x) {
    this.moveTo((x - this.#span.left) / (this.#span.right - this.#span.left));
  }

  #onPress(event) {
    if (event.button !== 0) return;
    const { element } = this;
    const grip = event.clientX - this.x;
    const onDrag = (drag) => this.moveToX(drag.clientX - grip);
    element.setPointerCapture(event.pointerId);
    element.addEventListener("pointermove", onDrag);
    element.addEventListener("lostpointercapture", () => element.removeEventListener("pointermove", onDrag), {
      once: true,
    });
  }

  #onKey(event) {
    const step = event.shiftKey ? LEAP : STEP;
    const target = {
      ArrowLeft: this.part - step,
      ArrowDown: this.part - step,
      ArrowRight: this.part + step,
      ArrowUp: this.part + step,
      PageDown: this.part - LEAP,
      PageUp: this.part + LEAP,
      Home: 0,
      End: 1,
    }[event.key];
    if (target === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.moveTo(target);
  }
}
