/** A picture's file as the browser sees it: its size, whether light shines through it, and a smaller copy. */

const THUMB = 96; // pixels of a small picture's longer side
const SAMPLE = 64; // pixels in which transparency is looked for

/** A chosen file, with what the page needs to know of it. `size` is null of what this browser cannot show. */
export async function inspect(file, name = file.name) {
  const source = { id: newId(), name, file, note: "", size: null, clear: false };
  const img = await decoded(urlOf(file));
  if (!img) return source;
  source.size = { width: img.naturalWidth, height: img.naturalHeight };
  source.clear = file.type !== "image/jpeg" && isClear(img);
  return source;
}

/** An id that nothing else has; over plain HTTP browsers make no UUIDs. */
export const newId = () => crypto.randomUUID?.() ?? String(Math.random());

const urls = new WeakMap();
const unused = new FinalizationRegistry((url) => URL.revokeObjectURL(url)); // else the file's bytes stay with it

/** The URL under which the page shows a file; the same for the same file, for as long as the page holds the file. */
export function urlOf(blob) {
  if (!urls.has(blob)) {
    const url = URL.createObjectURL(blob);
    urls.set(blob, url);
    unused.register(blob, url);
  }
  return urls.get(blob);
}

/** The picture behind a URL, or null. */
export async function decoded(url) {
  const img = new Image();
  img.src = url;
  await img.decode().catch(() => {});
  return img.naturalWidth ? img : null;
}

/** A small JPEG or PNG of a picture, for lists. */
export async function thumbnail(img, clear = false) {
  const scale = Math.min(1, THUMB / Math.max(img.naturalWidth, img.naturalHeight));
  return encoded(drawn(img, scaled(img, scale)), clear ? "image/png" : "image/jpeg", 0.8);
}

/**
 * A canvas with a part of a picture (all of it by default) at a size. Without `alpha` its files have none, as those of
 * opaque pictures.
 */
export function drawn(img, { width, height }, { part = whole(img), alpha = true } = {}) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true, alpha });
  context.imageSmoothingQuality = "high";
  context.drawImage(img, part.x, part.y, part.width, part.height, 0, 0, width, height);
  return canvas;
}

const whole = ({ naturalWidth: width, naturalHeight: height }) => ({ x: 0, y: 0, width, height });

/** The file that a canvas makes; null where the browser cannot. */
export const encoded = (canvas, type, quality) => new Promise((resolve) => canvas.toBlob(resolve, type, quality));

export const scaled = ({ naturalWidth, naturalHeight }, scale) => ({
  width: Math.max(1, Math.floor(naturalWidth * scale)),
  height: Math.max(1, Math.floor(naturalHeight * scale)),
});

function isClear(img) {
  const { data } = drawn(img, { width: SAMPLE, height: SAMPLE }).getContext("2d").getImageData(0, 0, SAMPLE, SAMPLE);
  for (let at = 3; at < data.length; at += 4) if (data[at] < 255) return true;
  return false;
}
