/** Numbers and names as a person reads them. */
const EXTENSIONS = { "image/png": "png", "image/jpeg": "jpg", "image/webp": "webp" };

const number = (value, digits) => value.toLocaleString("en", { maximumSignificantDigits: digits });

export const bytes = (count) => (count < 1e6 ? `${number(count / 1e3, 2)} kB` : `${number(count / 1e6, 3)} MB`);
export const pixels = (count) =>
  count < 1e5 ? `${number(count, 3)} pixels` : `${number(count / 1e6, 3)} megapixels`;
export const seconds = (count) => (count < 10 ? `${count.toFixed(1)} s` : `${Math.round(count)} s`);
export const size = ({ width, height }) => `${width}\u00a0×\u00a0${height}`;

/** holiday.jpg becomes holiday-4x.png. */
export function resultName(name, scale, type) {
  return `${name.replace(/\.[^.]*$/, "") || "picture"}-${scale}x.${EXTENSIONS[type]}`;
}
