/** Pictures with more pixels than the server takes, made smaller in the browser. */
import { decoded, drawn, encoded, inspect, urlOf } from "./picture.js";

const JPEG_QUALITY = 0.95;

/** The largest size of a picture's shape with at most so many pixels. */
export function fitting({ width, height }, pixels) {
  const scale = Math.min(1, Math.sqrt(pixels / (width * height)));
  const fitted = { width: Math.max(1, Math.floor(width * scale)), height: Math.max(1, Math.floor(height * scale)) };
  if (fitted.width === 1) fitted.height = Math.min(fitted.height, pixels); // of a line
  if (fitted.height === 1) fitted.width = Math.min(fitted.width, pixels);
  return fitted;
}

/** The whole picture at a size, as a picture of its own. */
export const shrunk = (source, size, most) =>
  remade(source, size, undefined, ["image/png", "image/jpeg"].slice(source.file.type === "image/jpeg" ? 1 : 0), most);

/** A part of the picture, every pixel kept, as a picture of its own. */
export const cut = (source, part, most) => remade(source, part, part, ["image/png", "image/jpeg"], most);

/** The first of the types whose file has at most `most` bytes, and else the last. */
async function remade(source, size, part, types, most) {
  const canvas = drawn(await decoded(urlOf(source.file)), size, { part, alpha: source.clear });
  for (const type of types) {
    const file = await encoded(canvas, type, JPEG_QUALITY);
    if (!file) throw new Error(`This browser cannot make ${source.name} smaller. Choose a smaller picture.`);
    if (file.size <= most || type === types.at(-1)) return inspect(file, source.name);
  }
}
