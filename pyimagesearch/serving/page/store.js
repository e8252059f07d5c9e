/** Results that this browser keeps, so that a reload, an error or another picture loses none of them. */
const NAME = "results";
export const MOST = 40;
const DAY = 24 * 3600 * 1000; // milliseconds for which they are kept

let opened = null;

function database() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(NAME, { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

async function run(mode, ask) {
  const transaction = (await database()).transaction(NAME, mode);
  const request = ask(transaction.objectStore(NAME));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error);
  });
}

/** All results, the newest first; those that are too old or too many are removed. Empty where nothing can be kept. */
export async function all() {
  try {
    const records = (await run("readonly", (store) => store.getAll())).sort((a, b) => b.made - a.made);
    const kept = records.filter(({ made }, number) => number < MOST && Date.now() - made < DAY);
    for (const { id } of records) if (!kept.some((record) => record.id === id)) await remove(id);
    return kept;
  } catch {
    return []; // a browser that keeps nothing: the results live as long as the page
  }
}

/** Keep a result: an object with `id` and `made`. Where there is no room, older ones go first. */
export async function put(record) {
  for (;;) {
    try {
      return await run("readwrite", (store) => store.put(record));
    } catch (error) {
      const oldest = error?.name === "QuotaExceededError" && (await all()).at(-1);
      if (!oldest) return; // it lives as long as the page
      await remove(oldest.id);
    }
  }
}

const remove = (id) => run("readwrite", (store) => store.delete(id));

export const clear = () => run("readwrite", (store) => store.clear()).catch(() => {});
