/** Where a picture has the most detail, which is where enlarging it shows. */
import { drawn, scaled } from "./picture.js";

const SIDE = 384; // pixels of the longer side of the copy that is looked at
const MOST = 40; // of an edge's strength that counts: one hard edge is no detail
const MIDDLE = 0.2; // how much less the picture's rim counts than its middle

/** The middle of the window with the most detail, as fractions; `part` is how much of each side the window takes. */
export function mostDetailed(img, part) {
  const { width, height } = scaled(img, Math.min(1, SIDE / Math.max(img.naturalWidth, img.naturalHeight)));
  const sums = summed(edges(drawn(img, { width, height }), width, height), width, height);
  const [w, h] = [window(width, part.width), window(height, part.height)];
  let best = { worth: -1 };
  for (let y = 0; y + h <= height; y++)
    for (let x = 0; x + w <= width; x++) {
      const inside = sums[at(x + w, y + h)] - sums[at(x, y + h)] - sums[at(x + w, y)] + sums[at(x, y)];
      const middle = { x: (x + w / 2) / width, y: (y + h / 2) / height };
      const worth = inside * (1 - MIDDLE * Math.hypot(middle.x - 0.5, middle.y - 0.5));
      if (worth > best.worth) best = { worth, ...middle };
    }
  return { x: best.x, y: best.y };

  function at(x, y) {
    return y * (width + 1) + x;
  }
}

const window = (side, part) => Math.min(side, Math.max(1, Math.round(side * part)));

/** The strength of the edge at each pixel, at most MOST. */
function edges(canvas, width, height) {
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const greyAt = (at) => (data[at] + 2 * data[at + 1] + data[at + 2]) / 4;
  const grey = Float32Array.from({ length: width * height }, (_, i) => greyAt(4 * i));
  return grey.map((value, i) => {
    const right = (i + 1) % width ? grey[i + 1] : value;
    const below = grey[i + width] ?? value;
    return Math.min(MOST, Math.abs(right - value) + Math.abs(below - value));
  });
}

/** Sums of all that is left of and above each corner, (height + 1) x (width + 1). */
function summed(values, width, height) {
  const sums = new Float64Array((width + 1) * (height + 1));
  for (let y = 0; y < height; y++)
    for (let x = 0, row = 0; x < width; x++) {
      row += values[y * width + x];
      sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + row;
    }
  return sums;
}
