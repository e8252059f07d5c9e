/** What the server is asked: its limits, and pictures. */
import { sentence } from "./words.js";

const TRIES = 30; // of a busy server, before giving up
const LEAST_WAIT = 1; // seconds
const MOST_WAIT = 30;

/** An error that a person can read; `retry` says whether the same may work later. */
export class ServerError extends Error {
  constructor(message, retry) {
    super(message);
    this.retry = retry;
  }
}

const unreachable = () =>
  new ServerError("The server cannot be reached. Check your connection, then try again.", true);

/** Scale, models, limits, and the sliders by which models are mixed. Raises ServerError. */
export async function health() {
  const answer = await fetch("healthz", { cache: "no-store" }).catch(() => null);
  if (!answer?.ok) throw unreachable();
  return answer.json();
}

/**
 * The picture, larger: a Blob of the MIME type `type`. Raises ServerError, and AbortError where `signal` says so.
 *
 * amounts: where the server's sliders stand, 0 to 1 by name. onPhase(name, number) is told "upload" with the part that
 * is sent, "enlarge", and "wait" with the seconds until a busy server is asked again.
 */
export async function upscale(file, { amounts, type, signal, onPhase = () => {} }) {
  for (let attempt = 1; ; attempt++) {
    const answer = await post(file, { amounts, type, signal, onPhase });
    if (answer.status === 200) return answer.response;
    if (answer.status !== 503 || attempt === TRIES) throw await explained(answer);
    const wait = Number(answer.getResponseHeader("Retry-After")) || LEAST_WAIT;
    const polite = Math.min(MOST_WAIT, Math.max(LEAST_WAIT, wait));
    onPhase("wait", polite);
    await pause(polite, signal);
  }
}

/** XMLHttpRequest, since fetch does not tell how much of a body has been sent. */
function post(file, { amounts, type, signal, onPhase }) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = new XMLHttpRequest();
    const query = new URLSearchParams(amounts).toString();
    request.open("POST", query ? `v1/upscale?${query}` : "v1/upscale");
    request.responseType = "blob";
    request.setRequestHeader("Accept", type);
    request.upload.onprogress = ({ loaded, total }) => onPhase("upload", loaded / total);
    request.upload.onload = () => onPhase("enlarge");
    request.onload = () => resolve(request);
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(signal.reason);
    signal.addEventListener("abort", () => request.abort());
    const body = new FormData();
    body.append("image", file);
    onPhase("upload", 0);
    request.send(body);
  });
}

async function explained(answer) {
  const retry = answer.status >= 500;
  if (answer.status === 406)
    return new ServerError("This format cannot hold the picture's transparency, its 16 bits or its size. Choose PNG.", false);
  try {
    return new ServerError(sentence(JSON.parse(await answer.response.text()).error.message), retry);
  } catch {
    // Not this server's words: something between it and here.
    return new ServerError(`The server answered with an error (${answer.status}). Try again in a moment.`, true);
  }
}

function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
