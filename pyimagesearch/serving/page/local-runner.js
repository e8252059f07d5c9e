/** A local-worker.js and what it was asked last. */
export class Runner {
  #worker = new Worker(new URL("local-worker.js", import.meta.url), { type: "module" });
  #ended = null; // why it was ended
  #answer = null; // { resolve, reject, onPart } of what it was asked

  constructor() {
    this.#worker.onmessage = ({ data }) => {
      if ("part" in data) this.#answer?.onPart(data.part);
      else if ("done" in data) this.#settle("resolve", data.done);
      else this.#settle("reject", new Error(data.failed));
    };
    this.#worker.onerror = ({ message }) => this.#settle("reject", new Error(message || "its worker does not start"));
  }

  /** What a step of the worker gives; onPart(part) is told how much is done. One step at a time. */
  ask(step, given, { transfer = [], onPart = () => {} } = {}) {
    return new Promise((resolve, reject) => {
      if (this.#ended) throw this.#ended;
      this.#answer = { resolve, reject, onPart };
      this.#worker.postMessage({ step, ...given }, transfer);
    });
  }

  /** End the worker, whatever it is at; what it was asked is rejected with `reason`. */
  end(reason = new Error("ended")) {
    this.#ended = reason;
    this.#worker.terminate();
    this.#settle("reject", reason);
  }

  #settle(how, value) {
    this.#answer?.[how](value);
    this.#answer = null;
  }
}
