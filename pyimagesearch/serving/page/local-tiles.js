/** How a picture is cut into tiles, and what the network sees of it for each: as pyimagesearch/inference/upscaler.py. */
const LEAST = 16; // pixels a side that a network sees; smaller pictures are mirrored out to it

/**
 * Rows of tiles, { x, y, width, height }, of about the same size and of at most `most` pixels a side; they begin at multiples
 * of `period`.
 */
export function bandsOf({ width, height }, most, period) {
  const columns = partsOf(width, most, period);
  return partsOf(height, most, period).map(([y, bottom]) =>
    columns.map(([x, right]) => ({ x, y, width: right - x, height: bottom - y })),
  );
}

function partsOf(side, most, period) {
  const step = roundedUp(Math.ceil(side / Math.ceil(side / most)), period);
  const starts = Array.from({ length: Math.ceil(side / step) }, (_, index) => index * step);
  return starts.map((start) => [start, Math.min(side, start + step)]);
}

/** The area that decides a tile: the tile and `margin` pixels around it, as far as the picture goes. */
export function seenOf(tile, size, margin) {
  const [x, y] = [Math.max(0, tile.x - margin), Math.max(0, tile.y - margin)];
  const right = Math.min(size.width, tile.x + tile.width + margin);
  const bottom = Math.min(size.height, tile.y + tile.height + margin);
  return { x, y, width: right - x, height: bottom - y };
}

/** The RGB samples of RGBA pixels, as float32 (height, width, 3), mirrored out to what a network can see. */
export function samplesOf({ data, width, height }, period) {
  const [wide, high] = [width, height].map((side) => roundedUp(Math.max(LEAST, side), period));
  const samples = new Float32Array(wide * high * 3);
  let at = 0;
  for (let y = 0; y < high; y++)
    for (let x = 0; x < wide; x++) {
      const from = 4 * (mirrored(y, height) * width + mirrored(x, width));
      for (let channel = 0; channel < 3; channel++) samples[at++] = data[from + channel];
    }
  return { samples, shape: [1, high, wide, 3] };
}

/**
 * Put the part `area` of samples (H, W, 3), whose rows have `wide` pixels, into whole rows of a picture at the column `left`.
 * rows: a Uint8ClampedArray, which rounds as the server does, halves to even; with 3 channels a pixel, or with 1 of a grey one.
 */
export function putPart(rows, { left, width, channels }, samples, wide, area) {
  for (let y = 0; y < area.height; y++) {
    let from = 3 * ((area.y + y) * wide + area.x);
    let to = channels * (y * width + left);
    for (let x = 0; x < area.width; x++, from += 3) {
      if (channels === 1) rows[to++] = Math.fround((samples[from] + samples[from + 1] + samples[from + 2]) / 3);
      else for (let channel = 0; channel < 3; channel++) rows[to++] = samples[from + channel];
    }
  }
}

function mirrored(index, side) {
  const within = index % (2 * side);
  return within < side ? within : 2 * side - 1 - within;
}

const roundedUp = (count, multiple) => Math.ceil(count / multiple) * multiple;
