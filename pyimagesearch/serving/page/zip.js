/** A zip of files that are compressed already, as browsers can make it: stored, names in UTF-8. */
const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const VERSION = 20;
const UTF8 = 0x0800;

/** A zip Blob of [{ name, blob }]; equal names are numbered. At most 4 GB, as zips without extensions are. */
export async function zip(files) {
  const [parts, directory] = [[], []];
  const used = new Set();
  let offset = 0;
  for (const { name, blob } of files) {
    const encoded = new TextEncoder().encode(distinct(name, used));
    const common = [
      [2, VERSION], [2, UTF8], [2, 0], ...stamp(new Date()), [4, await crc32(blob)], [4, blob.size], [4, blob.size],
      [2, encoded.length], [2, 0],
    ];
    const local = [fields([[4, LOCAL], ...common]), encoded, blob];
    directory.push(fields([[4, CENTRAL], [2, VERSION], ...common, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]]), encoded);
    parts.push(...local);
    offset += sizeOf(local);
  }
  const end = [[4, END], [2, 0], [2, 0], [2, files.length], [2, files.length], [4, sizeOf(directory)], [4, offset], [2, 0]];
  return new Blob([...parts, ...directory, fields(end)], { type: "application/zip" });
}

const sizeOf = (parts) => parts.reduce((sum, part) => sum + (part.size ?? part.length), 0);

/** holiday_x4.png, holiday_x4 (2).png, … */
function distinct(name, used) {
  const [, stem, ending] = /^(.*?)(\.[^.]*)?$/s.exec(name);
  let free = name;
  for (let number = 2; used.has(free); number++) free = `${stem} (${number})${ending ?? ""}`;
  used.add(free);
  return free;
}

/** Little-endian numbers, as [bytes, value]. */
function fields(list) {
  const out = new DataView(new ArrayBuffer(list.reduce((sum, [bytes]) => sum + bytes, 0)));
  let at = 0;
  for (const [bytes, value] of list) {
    if (bytes === 2) out.setUint16(at, value, true);
    else out.setUint32(at, value, true);
    at += bytes;
  }
  return new Uint8Array(out.buffer);
}

/** Time and date as MS-DOS counted them. */
function stamp(now) {
  return [
    [2, (now.getHours() << 11) | (now.getMinutes() << 5) | (now.getSeconds() >> 1)],
    [2, ((now.getFullYear() - 1980) << 9) | ((now.getMonth() + 1) << 5) | now.getDate()],
  ];
}

const TABLE = Uint32Array.from({ length: 256 }, (_, number) => {
  for (let bit = 0; bit < 8; bit++) number = number & 1 ? 0xedb88320 ^ (number >>> 1) : number >>> 1;
  return number;
});

export async function crc32(blob) {
  let crc = 0xffffffff;
  const data = new Uint8Array(await blob.arrayBuffer());
  for (let at = 0; at < data.length; at++) crc = TABLE[(crc ^ data[at]) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
