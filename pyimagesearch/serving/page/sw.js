/** Service worker: the page opens without a network, and is the newest whenever there is one. */
const CACHE = "page";
const FILES = [
  "api.js", "app.js", "art.js", "art_settings.js", "cutter.js", "detail.js", "divider.js", "example.js",
  "gestures.js", "item.js", "local.js", "local-choice.js", "local-header.js", "local-png.js", "local-runner.js",
  "local-tiles.js", "local-worker.js", "minimap.js", "notice.js", "picker.js", "picture.js", "prepare.js",
  "progress.js", "rows.js", "screen.js", "settings.js", "shrink.js", "store.js", "strip.js", "tabs.js", "take.js",
  "viewer.js", "viewport.js", "wells.js", "words.js", "work.js", "zip.js", "style.css", "viewer.css", "panel.css",
  "lists.css", "art.css", "icon.svg", "example.jpg", "wave.jpg", "fuji.jpg", "manifest.webmanifest",
  "onnxruntime-web.txt",
];
const OWN = ["./", ...FILES.map((name) => `page/${name}`)].map((path) => new URL(path, registration.scope).href);

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(OWN)));
});

addEventListener("activate", (event) => event.waitUntil(clients.claim()));

// Only the page's own files; pictures and answers never go through a cache.
addEventListener("fetch", (event) => {
  if (event.request.method === "GET" && OWN.includes(event.request.url)) event.respondWith(newest(event.request));
});

async function newest(request) {
  const cache = await caches.open(CACHE);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(request, answer.clone());
    return answer;
  } catch {
    return (await cache.match(request)) ?? Response.error();
  }
}
