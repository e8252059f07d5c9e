/** Numbers and names as a person reads them. */
const EXTENSIONS = { "image/png": "png", "image/jpeg": "jpg", "image/webp": "webp" };

const number = (value, digits) => value.toLocaleString("en", { maximumSignificantDigits: digits });

export const bytes = (count) => (count < 1e6 ? `${number(count / 1e3, 2)} kB` : `${number(count / 1e6, 3)} MB`);
export const pixels = (count) =>
  count < 1e5 ? `${number(count, 3)} pixels` : `${number(count / 1e6, 3)} megapixels`;
export const seconds = (count) => (count < 10 ? `${count.toFixed(1)} s` : `${Math.round(count)} s`);
export const size = ({ width, height }) => `${width}\u00a0×\u00a0${height}`;

/** holiday.jpg becomes holiday_x4.png. */
export function resultName(name, scale, type) {
  return `${name.replace(/\.[^.]*$/, "") || "picture"}_x${scale}.${EXTENSIONS[type]}`;
}

/** What a program says, as a sentence: a capital, unless it begins with a name, and a full stop. */
export function sentence(text) {
  const begun = /^[a-z]+ /.test(text) ? text[0].toUpperCase() + text.slice(1) : text;
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
