/** Pictures on their way through this browser or the server, until each is done or has failed, whatever happens between. */
import * as api from "./api.js";
import { Item, isWaiting } from "./item.js";
import { explain } from "./words.js";

const AGAIN = 2; // seconds after which a server that does not answer is asked again
const PATIENCE = 180; // seconds for which it is
const TRIES = 5; // of sending the same picture: the connection breaks, the server forgets it or is short of something
const SHORT = ["out_of_memory", "no_disk"]; // of what: waiting may not help

export class Work {
  /** What it does now: { phase: preparing, loading, sending, line, working, busy or lost, … } with what belongs to the phase. */
  status = { phase: "sending", part: 0 };
  running = false; // until what is done of it is kept
  takesMore = true; // pictures
  #stop = new AbortController();
  #send = new AbortController(); // of what this browser is at
  #jobs = new Set(); // that the server may still be at

  /**
   * ready(source) gives the picture as it can be sent, or throws; onChange(work) is told of every change; send sends
   * pictures as api.submit does. local: what enlarges pictures in this browser, a Local, or null. elsewhere: what to say
   * of a picture that the server works on, if anything.
   */
  constructor(sources, settings, limits, { ready, onChange, send = api.submit, local = null, elsewhere = null }) {
    this.items = sources.map((source) => new Item(source));
    this.settings = settings;
    this.limits = limits;
    this.ready = ready;
    this.local = local;
    this.elsewhere = elsewhere;
    this.onChange = onChange;
    this.send = send;
  }

  get failed() {
    return this.items.filter(({ state }) => state === "failed");
  }

  /** How much of all pictures is done, 0 to 1: by pixels, whichever job they were in. */
  get part() {
    const weighed = this.items.map((item) => [item.pixels, item.ended ? 1 : item.progress]);
    const all = weighed.reduce((sum, [weight]) => sum + weight, 0);
    return weighed.reduce((sum, [weight, progress]) => sum + weight * progress, 0) / all;
  }

  get done() {
    return this.items.filter(({ state }) => state === "done");
  }

  /** Pictures that join the others. */
  add(sources) {
    this.items.push(...sources.map((source) => new Item(source)));
  }

  /** Resolves when every picture is done or has failed. Throws AbortError, and Unreachable where patience is at its end. */
  async run() {
    this.running = this.takesMore = true;
    this.begun = performance.now();
    try {
      while (this.items.some(isWaiting)) {
        await this.#getReady();
        await this.#enlargeHere();
        const part = this.#nextPart();
        if (part.length) await this.#round(part);
      }
    } finally {
      this.takesMore = false;
    }
  }

  /** Stop; the server stops too. What is done stays. */
  cancel() {
    this.running = this.takesMore = false;
    this.#stop.abort();
    this.#send.abort();
    for (const id of this.#jobs) api.forget(id);
    for (const item of this.items) if (!item.ended) fail(item, { message: "Stopped" });
  }

  /** Leave what is not done yet to the server. */
  useServer() {
    this.#send.abort();
  }

  /** Whether this browser is to enlarge what comes next. */
  get isLocal() {
    return Boolean(this.local) && !this.#send.signal.aborted;
  }

  async #getReady() {
    for (const item of this.items.filter(isWaiting)) {
      this.#stop.signal.throwIfAborted();
      if (item.ready) continue;
      this.#say({ phase: "preparing" });
      try {
        item.source = await this.ready(item.source);
        item.ready = true;
      } catch (error) {
        fail(item, error);
      }
    }
  }

  /** Enlarge what this browser can; the rest stays for the server, with the reason. */
  async #enlargeHere() {
    for (const item of this.items) {
      if (!this.local || !isWaiting(item) || !item.ready || item.where) continue;
      const onSaid = (status) => {
        Object.assign(item, { state: "working", progress: status.part ?? 0 });
        this.#say(status);
      };
      const { blob, why } = await this.local.enlarge(item.source, this.settings, this.#send.signal, onSaid);
      this.#stop.signal.throwIfAborted();
      if (blob) this.#finish(item, blob);
      else Object.assign(item, { state: "waiting", progress: 0 });
      item.where = blob ? "in this browser" : `${this.elsewhere}, since ${why}`;
      this.#say(this.status);
    }
  }

  #finish(item, blob) {
    Object.assign(item, { state: "done", result: blob });
    if (this.items.length === 1) item.seconds = (performance.now() - this.begun) / 1000;
  }

  /** As many of the waiting pictures as the server takes in one job. */
  #nextPart() {
    const part = [];
    let bytes = 0;
    for (const item of this.items) {
      if (!isWaiting(item) || !item.ready) continue;
      bytes += item.source.file.size;
      if (part.length && (bytes > this.limits.bytes || part.length === this.limits.pictures)) break;
      part.push(item);
    }
    return part;
  }

  async #round(part) {
    const signal = this.#stop.signal;
    const onSent = (sent) => this.#say({ phase: "sending", part: sent });
    let job;
    try {
      const files = part.map(({ source }) => source);
      job = await this.#persist(() => this.send(files, this.settings, { signal, onSent }), TRIES);
    } catch (error) {
      if (!(error instanceof api.ServerError)) throw error;
      for (const item of part) fail(item, error);
      return this.#say(this.status);
    }
    this.#jobs.add(job.id);
    part.forEach((item, index) => {
      item.tries++;
      item.job = { id: job.id, index };
    });
    await this.#follow(job, part);
    this.#jobs.delete(job.id);
  }

  /** Until the job has ended and all that is done of it has been fetched; what the server has forgotten waits again. */
  async #follow(job, part) {
    const signal = this.#stop.signal;
    const fetched = new Map(); // item -> promise
    const onJob = (now) => {
      for (const { index, state, progress, error } of now.pictures) {
        const item = part[index];
        if (state === "failed") fail(item, error);
        else if (state !== "done") Object.assign(item, { state: state === "working" ? state : "waiting", progress });
        else if (!fetched.has(item)) fetched.set(item, this.#fetch(item));
      }
      const phase = now.state === "waiting" ? "line" : "working";
      this.#say({ phase, place: now.place, left: now.seconds_left });
    };
    onJob(job);
    try {
      await this.#persist(async () => {
        onJob(await api.look(job.id, signal)); // 404 where the server has begun anew meanwhile
        await api.follow(job.id, { signal, onJob });
      });
    } catch (error) {
      if (!(error instanceof api.ServerError)) throw error;
    }
    await Promise.all(fetched.values());
    for (const item of part) if (item.state === "working" || item.state === "waiting") again(item);
  }

  async #fetch(item) {
    Object.assign(item, { state: "working", progress: 1 });
    try {
      item.where ??= this.elsewhere;
      this.#finish(item, await this.#persist(() => api.result(item.job, { format: "png" }, this.#stop.signal)));
    } catch (error) {
      if (!(error instanceof api.ServerError)) throw error;
      if (SHORT.includes(error.code)) fail(item, error); // else the server has forgotten it: it is sent again
    }
    this.#say(this.status);
  }

  /** What `ask` gives, which is asked again while the server is busy, and once it answers again where it did not. */
  async #persist(ask, tries = Infinity) {
    let lost = 0;
    let refused = 0;
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        const { code, wait } = error;
        const why = SHORT.includes(code) ? explain(error) : null;
        if (error instanceof api.Unreachable && ++lost < tries) await this.#reach();
        else if (wait && (!why || ++refused < TRIES)) await this.#wait({ phase: "busy", wait, why }, wait);
        else throw error;
      }
    }
  }

  /** Resolves when the server answers. Throws Unreachable where patience is at its end. */
  async #reach() {
    const giveUp = performance.now() + PATIENCE * 1000;
    for (;;) {
      await this.#wait({ phase: "lost" }, AGAIN);
      const reached = await api.health().catch((error) => error);
      if (!(reached instanceof api.Unreachable)) return;
      if (performance.now() > giveUp) throw reached;
    }
  }

  #wait(status, seconds) {
    this.#say(status);
    return pause(seconds, this.#stop.signal);
  }

  #say(status) {
    this.status = status;
    this.onChange(this);
  }
}

function fail(item, error) {
  Object.assign(item, { state: "failed", error: explain(error), code: error.code ?? null });
}

function again(item) {
  Object.assign(item, { state: "waiting", progress: 0, job: null });
  if (item.tries >= TRIES) fail(item, { message: `The server did not finish ${item.source.name}. Try again later.` });
}

function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
