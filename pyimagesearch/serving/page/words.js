/** Numbers, names and errors as a person reads them. */
export const FORMATS = { png: "image/png", jpeg: "image/jpeg", webp: "image/webp" };
const ENDINGS = { png: "png", jpeg: "jpg", webp: "webp" };

const number = (value, digits) => value.toLocaleString("en", { maximumSignificantDigits: digits });

export const bytes = (count) => (count < 1e6 ? `${number(count / 1e3, 2)} kB` : `${number(count / 1e6, 3)} MB`);
export const pixels = (count) =>
  count < 1e5 ? `${number(count, 3)} pixels` : `${number(count / 1e6, 3)} ${count === 1e6 ? "megapixel" : "megapixels"}`;
export const seconds = (count) => (count < 10 ? `${count.toFixed(1)} s` : `${Math.round(count)} s`);
export const size = ({ width, height }) => `${width}\u00a0×\u00a0${height}`;
export const percent = (part) => `${Math.floor(part * 100)}%`;
export const pictures = (count) => (count === 1 ? "1 picture" : `${count} pictures`);

/** How many of several pictures are done. */
export const tally = (done, all, failed) => `${done} of ${all} done${failed ? `, ${failed} failed` : ""}`;

/** What remains, no more exact than an estimate is. */
export function left(count) {
  if (count < 3) return "a moment left";
  if (count < 60) return `about ${count < 10 ? Math.round(count) : Math.round(count / 5) * 5} s left`;
  const minutes = Math.round(count / 60);
  return minutes === 1 ? "about a minute left" : `about ${minutes} minutes left`;
}

/** holiday.jpg becomes holiday_x4.png (of the label x4), or with a width holiday_1920px.png. */
export function resultName(name, label, { format, width }) {
  return `${name.replace(/\.[^.]*$/, "") || "picture"}_${width ? `${width}px` : label}.${ENDINGS[format]}`;
}

/** Where the sliders stood: 4×, clean 100, crisp 30. */
export function settings({ scale, ...amounts }) {
  return [`${scale}×`, ...Object.entries(amounts).map(([name, part]) => `${name} ${Math.round(part * 100)}`)].join(", ");
}

/** What a program says, as a sentence: a capital, unless it begins with a name, and a full stop. */
export function sentence(text) {
  const begun = /^[a-z]+ /.test(text) ? text[0].toUpperCase() + text.slice(1) : text;
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

/** The server's error in a person's words. */
export function explain({ code, message }) {
  if (code === "not_acceptable")
    return "This format cannot hold the picture's transparency, its 16 bits or its size. Choose PNG.";
  if (code === "no_token") return "The server asks for its token again. Reload the page and enter it.";
  return sentence(message);
}
