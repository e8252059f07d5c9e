/** The small map of a picture that is larger than its stage: what is seen of it, and a place to go to. */
const MOST = 0.8; // of a picture that is seen where a map still helps

export class Minimap {
  /** onGo({ x, y }) is called with the place, in fractions of the picture, that a person points at. */
  constructor(element, onGo) {
    this.element = element;
    this.img = element.querySelector("img");
    this.mark = element.querySelector("i");
    const go = ({ clientX, clientY }) => {
      const box = this.img.getBoundingClientRect();
      onGo({ x: (clientX - box.left) / box.width, y: (clientY - box.top) / box.height });
    };
    element.addEventListener("pointerdown", (event) => {
      element.setPointerCapture(event.pointerId);
      go(event);
    });
    element.addEventListener("pointermove", (event) => element.hasPointerCapture(event.pointerId) && go(event));
  }

  /** The picture that it is a map of. */
  set url(url) {
    this.img.src = url;
  }

  /** Mark what is seen of the picture; hidden where that is nearly all of it. */
  show({ larger, seen }, busy) {
    this.element.hidden = busy || !larger || seen.width * seen.height > MOST;
    for (const [name, value] of [["left", seen.x], ["top", seen.y], ["width", seen.width], ["height", seen.height]])
      this.mark.style[name] = `${value * 100}%`;
  }
}
