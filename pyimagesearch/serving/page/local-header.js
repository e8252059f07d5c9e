/** What a file's header says of a picture: whether this browser can enlarge it as the server would. */
const DEPTH = "it has 16 bits a channel";
const PROFILE = "its colour profile is not sRGB";
const CMYK = "its colours are made for print";
const TURNED = "what it notes of its orientation is not read by all browsers";
const MOVING = "it is an animation";
export const FORMAT = "its format is read there alone";

/** { grey } of a picture that this browser can enlarge, { why } of any other: a part of a sentence. */
export async function readHeader(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  try {
    if (isText(bytes, 1, "PNG")) return readPng(bytes);
    if (bytes[0] === 0xff && bytes[1] === 0xd8) return readJpeg(bytes);
    if (isText(bytes, 0, "RIFF") && isText(bytes, 8, "WEBP")) return readWebp(bytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // the file ends early: its decoder is to say so
  }
  return { why: FORMAT };
}

function readPng(bytes) {
  const data = new DataView(bytes.buffer);
  const [bits, kind] = [data.getUint8(24), data.getUint8(25)];
  if (bits === 16) return { why: DEPTH };
  for (let at = 8; !isText(bytes, at + 4, "IDAT"); at += 12 + data.getUint32(at)) {
    if (isText(bytes, at + 4, "iCCP") && !saysSrgb(bytes.subarray(at + 8, at + 88))) return { why: PROFILE }; // its name
    if (isText(bytes, at + 4, "cICP")) return { why: PROFILE };
    if (isText(bytes, at + 4, "eXIf")) return { why: TURNED };
  }
  return { grey: kind === 0 || kind === 4 };
}

function readJpeg(bytes) {
  const data = new DataView(bytes.buffer);
  for (let at = 2; ; at += 2 + data.getUint16(at + 2)) {
    while (data.getUint8(at + 1) === 0xff) at++; // padding
    const marker = data.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame && data.getUint8(at + 4) !== 8) return { why: DEPTH };
    if (isFrame) return data.getUint8(at + 9) > 3 ? { why: CMYK } : { grey: data.getUint8(at + 9) === 1 };
    if (marker === 0xe2 && isText(bytes, at + 4, "ICC_PROFILE")) {
      if (!saysSrgb(bytes.subarray(at + 4, at + 2 + data.getUint16(at + 2)))) return { why: PROFILE };
    }
  }
}

function readWebp(bytes) {
  if (!isText(bytes, 12, "VP8X")) return { grey: false };
  const flags = new DataView(bytes.buffer).getUint8(20);
  if (flags & 0x02) return { why: MOVING };
  if (flags & 0x08) return { why: TURNED };
  return flags & 0x20 ? { why: PROFILE } : { grey: false };
}

const isText = (bytes, at, text) => [...text].every((letter, index) => bytes[at + index] === letter.charCodeAt(0));

/** Whether a profile calls itself sRGB, in letters of one or of two bytes. */
const saysSrgb = (bytes) => new TextDecoder("latin1").decode(bytes.filter((byte) => byte)).includes("sRGB");
