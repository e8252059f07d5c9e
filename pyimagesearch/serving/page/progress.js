/** How far the work is: the words, the bar, and the time that is left. */
import { say } from "./notice.js";
import * as words from "./words.js";

const $ = (id) => document.getElementById(id);

export class Progress {
  doing = "Enlarging"; // a word for the work on one picture

  /** prefix: of the ids where it is said. */
  constructor(prefix = "") {
    this.prefix = prefix;
  }

  /** Show how far a Work is. */
  show({ status, part, items, done, failed, elsewhere }) {
    const { phase, place, wait, why } = status;
    const several = items.length > 1;
    const before = `${place === 1 ? "1 other is" : `${place} others are`} before yours in line`;
    const where = status.here ? "in this browser" : elsewhere;
    const sentence = {
      preparing: several ? "Making large pictures smaller" : "Reading the picture",
      loading: "Loading the network into this browser",
      sending: several && done.length ? "Uploading the next pictures" : "Uploading",
      line: place ? before : "Next in line",
      working: several
        ? joined(", ", words.tally(done.length, items.length, failed.length), where)
        : joined(" ", this.doing, where),
      busy: why
        ? `${why} It is asked again in ${wait} s`
        : `The server has many pictures in line; it is asked again every ${wait} s`,
      lost: "The server does not answer. It is asked again until it does; nothing is lost",
    }[phase];
    say(`${this.prefix}phase`, sentence);
    const known = { sending: status.part, working: part }[phase];
    this.#setBar(known);
    const aside = [known === undefined ? "" : words.percent(known), status.left == null ? "" : words.left(status.left)];
    $(`${this.prefix}left`).textContent = joined(", ", ...aside);
  }

  /** Some letters for a tab's title. */
  short({ status: { phase }, part }) {
    const said = { loading: "loading", sending: "uploading", lost: "no answer" };
    return phase === "working" ? words.percent(part) : said[phase] ?? "in line";
  }

  name({ items }) {
    return items.length === 1 ? items[0].source.name : words.pictures(items.length);
  }

  /** undefined: nobody knows. */
  #setBar(part) {
    const bar = $(`${this.prefix}bar`);
    if (part === undefined) bar.removeAttribute("value");
    else bar.value = part;
  }
}

const joined = (between, ...parts) => parts.filter(Boolean).join(between);
