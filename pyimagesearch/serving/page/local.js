/** Pictures that this browser enlarges by itself, so that they do not leave the person's computer. */
import * as api from "./api.js";
import { FORMAT, readHeader } from "./local-header.js";
import { Runner } from "./local-runner.js";

const SLOW = "this browser would take too long";
const NO_NETWORK = "this browser could not fetch the network";
const ASKED = "you chose it";

/** Why a step was ended that would have gone on. */
class Ended extends Error {}

export class Local {
  #runner = null;
  #opened = null; // the settings whose network the runner has
  #gpu = null; // whether the network runs by WebGPU; null: nobody has looked
  #turn = Promise.resolve(); // when the picture before is done
  #broken = null; // why this browser cannot run networks, once that is known

  /** browser: what /healthz says of it. seconds: of work on a picture; the server has it too. */
  constructor(browser, seconds) {
    this.browser = browser;
    this.seconds = seconds;
    this.runtime = new URL(`browser/${browser.runtime}/`, document.baseURI).href;
  }

  /** Forget what did not work before. */
  tryAgain() {
    this.#broken = null;
  }

  /**
   * { blob } of a picture, a PNG, or { why } it is one for the server: a part of a sentence. An aborted `signal` counts as
   * the person's wish for the server. say(status) is told how far it is.
   */
  async enlarge(source, settings, signal, say) {
    const before = this.#turn;
    let end;
    this.#turn = new Promise((resolve) => (end = resolve));
    await before;
    try {
      return this.#broken ? { why: this.#broken } : await this.#enlarge(source, settings, signal, say);
    } finally {
      end();
    }
  }

  async #enlarge(source, settings, signal, say) {
    const { scale } = settings;
    const header = source.size ? await readHeader(source.file) : { why: FORMAT };
    if (header.why) return header;
    const picture = { file: source.file, grey: header.grey, scale, margin: this.browser.margins[scale] };
    for (;;) {
      try {
        if (signal.aborted) return { why: ASKED };
        return await this.#attempt({ ...picture, period: this.browser.period }, settings, signal, say);
      } catch (error) {
        const ran = Boolean(this.#opened);
        this.#close();
        if (error instanceof Ended) return { why: error.message };
        if (error instanceof api.Unreachable || error instanceof api.ServerError) return { why: NO_NETWORK };
        if (!this.#gpu) return this.#failed(error, ran);
        this.#gpu = false; // WASM may do what WebGPU did not
      }
    }
  }

  async #attempt(picture, settings, signal, say) {
    const stop = () => this.#close(new Ended(ASKED));
    signal.addEventListener("abort", stop);
    let timer;
    try {
      say({ phase: "loading" });
      await this.#open(settings);
      const begun = performance.now();
      const tooSlow = () => this.#close(new Ended(SLOW));
      timer = setTimeout(tooSlow, this.seconds * 1000);
      const onPart = (part) => {
        const all = (performance.now() - begun) / 1000 / part;
        if (all > this.seconds) tooSlow();
        else say({ phase: "working", here: true, part, left: all * (1 - part) });
      };
      say({ phase: "working", here: true, part: 0 });
      return await this.#runner.ask("enlarge", picture, { onPart });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    }
  }

  /** Have a runner with the network of these settings. */
  async #open(settings) {
    this.#gpu ??= await hasGpu();
    const gpu = this.#gpu;
    if (!this.#runner) {
      this.#runner = new Runner();
      await this.#runner.ask("load", { runtime: this.runtime, gpu });
    }
    const wanted = JSON.stringify(settings);
    if (this.#opened === wanted) return;
    const runner = this.#runner;
    const network = await api.network(settings);
    await runner.ask("open", { network, gpu }, { transfer: [network] });
    this.#opened = wanted;
  }

  #close(reason) {
    this.#runner?.end(reason);
    this.#runner = this.#opened = null;
  }

  /** A failure of this browser; where it keeps the network from running at all, it is not tried again. */
  #failed(error, ran) {
    const why = `this browser cannot run the network (${error.message.slice(0, 200)})`;
    if (!ran) this.#broken = why;
    return { why };
  }
}

/** Whether there is a graphics processor, not a program that plays one. */
async function hasGpu() {
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  return Boolean(adapter) && !(adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter);
}
