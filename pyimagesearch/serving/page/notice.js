/** What the page says: errors in their place, and sentences for screen readers. */
import { isArt } from "./tabs.js";

const $ = (id) => document.getElementById(id);

/** Show a sentence, and have screen readers read it, once. */
export function say(id, sentence) {
  for (const element of [$(id), $("said")]) if (element.textContent !== sentence) element.textContent = sentence;
}

/** The errors of one tab, the newest at a time: shown while the tab is open, and kept until then. */
class Notice {
  #told = null; // { message, again } that nobody has taken away

  constructor(isOpen) {
    this.isOpen = isOpen;
  }

  /** Tell of an error, and offer to try again where `again` is given. */
  tell = (error, again) => {
    if (error.name === "AbortError") return;
    this.#told = { message: error.message, again };
    this.show();
  };

  quieten = () => {
    this.#told = null;
    this.show();
  };

  /** Show what there is to tell, or nothing; another tab's errors go with that tab. */
  show() {
    if (!this.isOpen()) return;
    $("notice").hidden = !this.#told;
    if (!this.#told) return;
    const { message, again } = this.#told;
    $("notice").querySelector("p").textContent = message;
    $("again").hidden = !again;
    $("again").onclick = () => {
      this.quieten();
      again();
    };
    $("notice").focus();
  }
}

export const enlargeNotice = new Notice(() => !isArt());
export const artNotice = new Notice(isArt);

/** Move the keyboard there when work ends, unless someone is reading the notice. */
export function focusAfterWork(element) {
  if (!$("notice").contains(document.activeElement)) element.focus();
}
