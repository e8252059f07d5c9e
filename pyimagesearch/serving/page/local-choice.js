/** Who enlarges pictures, this browser or the server: the person's choice, remembered until the next visit. */
import { Local } from "./local.js";
import { recall, remember } from "./settings.js";

const KEY = "where";
const $ = (id) => document.getElementById(id);
const HERE =
  "Your pictures stay on this computer. One that this browser cannot enlarge goes to this server, which forgets it " +
  "within minutes; the page says so then. Results leave out what the camera noted, such as date and place.";

export class Choice {
  #local = null;
  #elsewhere = $("privacy").textContent;

  /** Offer what this server has; without it, everything stays with the server. */
  offer({ browser, limits }) {
    if (!browser) return;
    this.#local = new Local(browser, limits.seconds);
    $("where").hidden = false;
    const before = recall(KEY) === "server" ? "server" : "here";
    for (const input of document.querySelectorAll("[name=where]")) {
      input.checked = input.value === before;
      input.onchange = () => this.#changed(input.value);
    }
    this.#show();
  }

  /** For a Work: { local, elsewhere }. */
  get() {
    return { local: this.#isHere ? this.#local : null, elsewhere: this.#local && "on the server" };
  }

  get #isHere() {
    return document.querySelector("[name=where][value=here]").checked;
  }

  #changed(value) {
    remember(KEY, value);
    this.#local.tryAgain();
    this.#show();
  }

  #show() {
    $("privacy").textContent = this.#isHere ? HERE : this.#elsewhere;
  }
}
