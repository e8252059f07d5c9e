/** What the server is asked: its limits, jobs, and their results. The endpoints are described at docs. */
const LEAST_WAIT = 1; // seconds
const MOST_WAIT = 30;

/** An error that the server answered, with its stable `code`; `wait`: the seconds after which to ask again, or null. */
export class ServerError extends Error {
  constructor({ code, message }, wait = null) {
    super(message);
    this.code = code;
    this.wait = wait;
  }
}

/** No answer at all: no network, no server, or a server that starts again. */
export class Unreachable extends Error {
  constructor() {
    super("The server cannot be reached. Check your connection, then try again.");
  }
}

/** Scale, models, limits, formats, and the sliders by which models are mixed. */
export async function health() {
  return (await ask("healthz")).json();
}

/** Send pictures to be enlarged as one job; returns the job. onSent(part) is told how much of them has been sent. */
export function submit(files, settings, options) {
  return send("v1/jobs", files.map((file) => ["image", file]), settings, options);
}

/** Send pictures, as [field, { file, name }], to an endpoint that makes a job of them; otherwise as `submit`. */
export function send(path, pictures, settings, { signal, onSent }) {
  const body = new FormData();
  for (const [field, { file, name }] of pictures) body.append(field, file, name);
  // XMLHttpRequest, since fetch does not tell how much of a body has been sent.
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = new XMLHttpRequest();
    request.open("POST", `${path}?${new URLSearchParams(settings)}`);
    request.upload.onprogress = ({ loaded, total }) => onSent(loaded / total);
    request.onload = () => {
      if (request.status === 202) resolve(JSON.parse(request.responseText));
      else reject(errorOf(request.status, request.responseText, request.getResponseHeader("Retry-After")));
    };
    request.onerror = () => reject(new Unreachable());
    request.onabort = () => reject(signal.reason);
    signal.addEventListener("abort", () => request.abort());
    onSent(0);
    request.send(body);
  });
}

/** Tell onJob(job) of every change until the job has ended. Throws Unreachable where the connection is lost. */
export function follow(id, { signal, onJob }) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const events = new EventSource(`${place(id)}/events`);
    const end = (how, value) => {
      events.close();
      how(value);
    };
    signal.addEventListener("abort", () => end(reject, signal.reason));
    events.onerror = () => end(reject, new Unreachable());
    events.onmessage = ({ data }) => {
      const job = JSON.parse(data);
      onJob(job);
      if (!["waiting", "working"].includes(job.state)) end(resolve);
    };
  });
}

/** The job as it is now. */
export async function look(id, signal) {
  return (await ask(place(id), { signal })).json();
}

/** The result of one picture of a job as a file of this format; `quality` is for JPEG and WebP, `width` may be null. */
export async function result({ id, index }, { format, quality, width }, signal) {
  const query = new URLSearchParams({ format, ...(format !== "png" && { quality }), ...(width && { width }) });
  return (await ask(`${place(id)}/pictures/${index}/result?${query}`, { signal })).blob();
}

/** The network at a place of the sliders, for this browser to run: an ONNX file's ArrayBuffer. */
export async function network(settings) {
  return (await ask(`browser/model?${new URLSearchParams(settings)}`, { cache: "default" })).arrayBuffer();
}

/** Stop a job, and have the server forget its pictures. */
export function forget(id) {
  fetch(place(id), { method: "DELETE", keepalive: true }).catch(() => {}); // it forgets them by itself, later
}

const place = (id) => `v1/jobs/${encodeURIComponent(id)}`;

async function ask(path, options = {}) {
  const answer = await fetch(path, { cache: "no-store", ...options }).catch(() => {
    options.signal?.throwIfAborted();
    throw new Unreachable();
  });
  if (!answer.ok) throw errorOf(answer.status, await answer.text(), answer.headers.get("Retry-After"));
  return answer;
}

function errorOf(status, text, retryAfter) {
  if (status === 502 || status === 504) return new Unreachable(); // a proxy's word for it
  const wait = status === 503 ? Math.min(MOST_WAIT, Math.max(LEAST_WAIT, Number(retryAfter))) : null;
  try {
    return new ServerError(JSON.parse(text).error, wait);
  } catch {
    const message = `The server answered with an error (${status}). Try again in a moment.`;
    return new ServerError({ code: "unknown", message }, wait);
  }
}
