/**
 * Writes a PNG of 8 bits a sample row by row: of a large picture, no more than some rows are ever in memory uncompressed.
 * A canvas would need all of it, has a largest size that differs by browser, and adds alpha.
 */
import { crc32 } from "./zip.js";

const SIGNATURE = new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10]);
const TYPES = { 1: 0, 3: 2 }; // channels -> colour type
const PAETH = 4; // the filter of all rows: the best single one for photographs

export class PngWriter {
  #compressor = new CompressionStream("deflate");
  #writer = this.#compressor.writable.getWriter();
  #compressed = new Response(this.#compressor.readable).blob();

  /** channels: 1, grey, or 3, RGB. */
  constructor(width, height, channels) {
    this.channels = channels;
    this.head = new DataView(new ArrayBuffer(13));
    this.head.setUint32(0, width);
    this.head.setUint32(4, height);
    this.head.setUint8(8, 8); // bits
    this.head.setUint8(9, TYPES[channels]);
    this.above = new Uint8ClampedArray(width * channels); // the row before; zeros before the first
  }

  /** Take the next rows: samples, whole rows of them. */
  async add(rows) {
    const length = this.above.length;
    const filtered = new Uint8Array((rows.length / length) * (length + 1));
    for (let from = 0, to = 0; from < rows.length; from += length, to += length + 1) {
      const row = rows.subarray(from, from + length);
      filtered[to] = PAETH;
      filter(row, this.above, this.channels, filtered.subarray(to + 1));
      this.above = row;
    }
    await this.#writer.write(filtered);
  }

  /** The file, a Blob, once all rows are there. */
  async end() {
    await this.#writer.close();
    const chunks = [await chunk("IHDR", this.head), await chunk("IDAT", await this.#compressed), await chunk("IEND")];
    return new Blob([SIGNATURE, ...chunks], { type: "image/png" });
  }
}

/** What the row adds to what its neighbours let expect, into `out`. */
function filter(row, above, channels, out) {
  for (let at = 0; at < row.length; at++) {
    const left = at < channels ? 0 : row[at - channels];
    const corner = at < channels ? 0 : above[at - channels];
    out[at] = row[at] - paeth(left, above[at], corner);
  }
}

function paeth(left, up, corner) {
  const toLeft = Math.abs(up - corner);
  const toUp = Math.abs(left - corner);
  const toCorner = Math.abs(left + up - 2 * corner);
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

async function chunk(name, data = new Uint8Array()) {
  const content = new Blob([name, data]);
  return new Blob([bigEndian(content.size - name.length), content, bigEndian(await crc32(content))]);
}

function bigEndian(value) {
  const out = new DataView(new ArrayBuffer(4));
  out.setUint32(0, value);
  return out;
}
