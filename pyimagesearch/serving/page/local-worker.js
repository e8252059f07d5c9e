/** Web Worker: enlarges pictures by ONNX Runtime Web, one at a time, in tiles. local-runner.js talks with it. */
import { PngWriter } from "./local-png.js";
import { bandsOf, putPart, samplesOf, seenOf } from "./local-tiles.js";

const TILE = 192; // pixels a side at most: with what is seen around it, about 150 MB for `light`
const CLEAR = "it has transparency";
const UNREADABLE = "this browser cannot read it";

let ort = null;
let session = null;

const steps = {
  /** Load the runtime from the folder at a URL. */
  async load({ runtime, gpu }) {
    if (!readsPixels()) throw new Error("it hides the pixels of pictures from pages");
    ort = await import(`${runtime}${gpu ? "ort.webgpu.min.mjs" : "ort.wasm.min.mjs"}`);
    ort.env.logLevel = "error";
    ort.env.wasm.wasmPaths = runtime;
  },

  /** Take a network, the bytes of an ONNX file, in place of the one before. */
  async open({ network, gpu }) {
    await session?.release();
    session = await ort.InferenceSession.create(network, { executionProviders: gpu ? ["webgpu", "wasm"] : ["wasm"] });
  },

  /** { blob } of a picture, a PNG `scale` times larger, or { why } where it is none for this browser. */
  async enlarge({ file, grey, scale, margin, period }) {
    const picture = await decoded(file);
    if (!picture) return { why: UNREADABLE };
    if (!isOpaque(picture)) return { why: CLEAR };
    const { width, height } = picture.canvas;
    const channels = grey ? 1 : 3;
    const png = new PngWriter(width * scale, height * scale, channels);
    let done = 0;
    for (const band of bandsOf({ width, height }, TILE, period)) {
      const rows = new Uint8ClampedArray(band[0].height * scale * width * scale * channels);
      for (const tile of band) {
        const seen = seenOf(tile, { width, height }, margin);
        const { samples, shape } = samplesOf(picture.getImageData(seen.x, seen.y, seen.width, seen.height), period);
        const { sr } = await session.run({ lr: new ort.Tensor("float32", samples, shape) });
        const area = scaled({ ...tile, x: tile.x - seen.x, y: tile.y - seen.y }, scale);
        const place = { left: tile.x * scale, width: width * scale, channels };
        putPart(rows, place, await sr.getData(), shape[2] * scale, area);
        sr.dispose();
        done += tile.width * tile.height;
        postMessage({ part: done / (width * height) });
      }
      await png.add(rows);
    }
    return { blob: await png.end() };
  },
};

onmessage = async ({ data: { step, ...given } }) => {
  try {
    postMessage({ done: await steps[step](given) });
  } catch (error) {
    postMessage({ failed: error?.message || String(error) });
  }
};

/** The picture on a canvas, its samples as they are in the file; null where the browser cannot decode it. */
async function decoded(file) {
  const options = { colorSpaceConversion: "none", premultiplyAlpha: "none", imageOrientation: "from-image" };
  const bitmap = await createImageBitmap(file, options).catch(() => null);
  if (!bitmap) return null;
  const context = canvasOf(bitmap.width, bitmap.height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context;
}

function canvasOf(width, height) {
  return new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
}

function isOpaque(context) {
  const { width, height } = context.canvas;
  const rows = Math.max(1, Math.floor((1 << 20) / width)); // at once
  for (let y = 0; y < height; y += rows) {
    const { data } = context.getImageData(0, y, width, Math.min(rows, height - y));
    for (let at = 3; at < data.length; at += 4) if (data[at] < 255) return false;
  }
  return true;
}

/** Whether a canvas gives back the pixels that it was given; some browsers change them, so that pages know less of people. */
function readsPixels() {
  const context = canvasOf(16, 16);
  const given = new ImageData(16, 16);
  given.data.forEach((_, at) => (given.data[at] = at % 4 === 3 ? 255 : (at * 37) % 256));
  context.putImageData(given, 0, 0);
  const { data } = context.getImageData(0, 0, 16, 16);
  return given.data.every((value, at) => value === data[at]);
}

const scaled = ({ x, y, width, height }, scale) => ({
  x: x * scale, y: y * scale, width: width * scale, height: height * scale,
});
