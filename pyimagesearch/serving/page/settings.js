/** The sliders and the scale: what is asked of the models; remembered until the next visit. */
const KEY = "settings";
const $ = (id) => document.getElementById(id);

export class Settings {
  #names = []; // of the sliders that the server has

  /** onChange() is called when a person lets go of a control. */
  constructor(onChange) {
    this.onChange = onChange;
    for (const name of ["clean", "crisp"]) {
      $(name).oninput = () => this.#show();
      $(name).onchange = () => this.#changed();
    }
  }

  /** Offer what this server has. */
  offer({ sliders, scale, scales = [scale] }) {
    this.#names = sliders;
    for (const name of sliders) $(name).parentElement.hidden = false;
    for (const value of scales) {
      const input = Object.assign(document.createElement("input"), { type: "radio", name: "scale", value });
      input.onchange = () => this.#changed();
      const label = document.createElement("label");
      label.append(input, `${value}×`);
      $("scales").append(label);
    }
    $("scales").hidden = scales.length < 2;
    this.set({ scale, ...remembered(sliders, scales) });
  }

  /** What the controls say: { scale, clean, crisp } of what there is. */
  get() {
    const amounts = this.#names.map((name) => [name, Number($(name).value)]);
    return { scale: Number(document.querySelector("[name=scale]:checked").value), ...Object.fromEntries(amounts) };
  }

  /** Put the controls where a result had them. */
  set({ scale, ...amounts }) {
    for (const input of document.querySelectorAll("[name=scale]")) input.checked = Number(input.value) === scale;
    for (const [name, amount] of Object.entries(amounts)) $(name).value = amount;
    this.#show();
  }

  #changed() {
    this.#show();
    remember(KEY, this.get());
    this.onChange();
  }

  #show() {
    for (const name of this.#names) {
      const amount = `${Math.round($(name).value * 100)}%`;
      $(`${name}-at`).textContent = amount;
      $(name).setAttribute("aria-valuetext", amount);
    }
  }
}

/** What an earlier visit set, of what this server still has. */
function remembered(sliders, scales) {
  const has = ([name, value]) => (name === "scale" ? scales.includes(value) : sliders.includes(name));
  return Object.fromEntries(Object.entries(recall(KEY) ?? {}).filter(has));
}

export function remember(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // a browser that keeps nothing
  }
}

export function recall(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}
