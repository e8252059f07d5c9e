/** Mouse, pen and fingers on a stage, as three things: drag, zoom, and a double click. */
const WHEEL = 0.0015; // of zoom per CSS pixel that a wheel turns
const TRACKPAD_PINCH = 0.01; // browsers send a pinch on a trackpad as a wheel with Ctrl
const LINE = 16; // CSS pixels of a wheel that counts lines

/**
 * on.drag(dx, dy, at), on.zoom(factor, at) and on.twice(at) are called with CSS pixels; `at` is a place of the stage.
 */
export function watchGestures(stage, on) {
  const down = new Map(); // pointer id -> where it was last

  const place = (event) => {
    const box = stage.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest(".divider")) return;
    down.set(event.pointerId, place(event));
    stage.setPointerCapture(event.pointerId);
  });

  stage.addEventListener("pointermove", (event) => {
    if (!down.has(event.pointerId)) return;
    const before = grip([...down.values()]);
    down.set(event.pointerId, place(event));
    const after = grip([...down.values()]);
    if (before.spread && after.spread) on.zoom(after.spread / before.spread, after.middle);
    on.drag(after.middle.x - before.middle.x, after.middle.y - before.middle.y, down.size > 1 ? null : after.middle);
  });

  for (const name of ["pointerup", "pointercancel", "lostpointercapture"])
    stage.addEventListener(name, (event) => down.delete(event.pointerId));

  stage.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const turned = event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE : 1);
      on.zoom(Math.exp(-turned * (event.ctrlKey ? TRACKPAD_PINCH : WHEEL)), place(event));
    },
    { passive: false },
  );

  stage.addEventListener("dblclick", (event) => {
    if (!event.target.closest(".divider")) on.twice(place(event));
  });
}

/** The middle of one or two fingers, and how far they are apart. */
function grip([a, b = a]) {
  return { middle: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 }, spread: Math.hypot(a.x - b.x, a.y - b.y) };
}
