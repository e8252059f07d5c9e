/** One picture of those that are worked on together. */
const UNKNOWN = 1e6; // pixels that a picture is taken to have whose size is not known

/**
 * One picture of a Work. `state` is waiting, working, done or failed; `result` (done) is a Blob, a PNG; `error` (failed)
 * is a sentence, and `code` the server's word for it, if it has one; `job` where the server has it, as { id, index };
 * `where` it is enlarged, in words, once that is known.
 */
export class Item {
  state = "waiting";
  progress = 0;
  tries = 0;
  result = null;
  seconds = null; // that it took, where it was alone
  error = null;
  code = null;
  job = null;
  where = null;

  constructor(source) {
    this.source = source;
  }

  /** How much work it is, roughly where this browser cannot read its size. */
  get pixels() {
    const { size } = this.source;
    return size ? size.width * size.height : UNKNOWN;
  }

  get ended() {
    return this.state === "done" || this.state === "failed";
  }
}

export const isWaiting = ({ state }) => state === "waiting";
