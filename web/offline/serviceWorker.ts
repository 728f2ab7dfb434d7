/**
 * Keeps the pages' files, so that they open without a network. A version is kept whole or not at all, and takes over
 * when no page of the one before is open any more, or when a page asks for it.
 */
/** Set by the build: every file with the sha256 of its content. */
declare const FILES: Readonly<Record<string, string>>;
/** Set by the build: the same of files that are kept when a page has asked for them, not before. */
declare const LATER: Readonly<Record<string, string>>;
/** Set by the build: the sha256 of all of it. */
declare const VERSION: string;

const worker = globalThis as unknown as ServiceWorkerGlobalScope;

const PREFIX = 'chexgpu pages ';
const CACHE = PREFIX + VERSION;
/** The answer's header that says which content it holds. */
const CONTENT = 'x-content-sha256';

const addressOf = (file: string) => new URL(file, worker.registration.scope).href;
const SUMS: Readonly<Record<string, string>> = { ...FILES, ...LATER };
const KNOWN = new Set(Object.keys(SUMS).map(addressOf));

/** The file as another version kept it, where the content is the same. */
async function keptBefore(file: string): Promise<Response | null> {
  const kept = await caches.match(addressOf(file));
  return kept?.headers.get(CONTENT) === SUMS[file] ? kept : null;
}

async function fetched(file: string): Promise<Response> {
  const response = await fetch(addressOf(file), { cache: 'no-cache' });
  if (!response.ok) throw new Error(`${file}: ${response.status}`);
  const body = await response.arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', body));
  const sum = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  // Deployed anew between two files: the next visit tries again.
  if (sum !== SUMS[file]) throw new Error(`${file} is of another version`);
  const headers = new Headers(response.headers);
  headers.set(CONTENT, sum);
  return new Response(body, { headers });
}

async function keepAll(): Promise<void> {
  const cache = await caches.open(CACHE);
  // One after the other: the page that is open works meanwhile.
  for (const file of Object.keys(FILES)) {
    await cache.put(addressOf(file), (await keptBefore(file)) ?? (await fetched(file)));
  }
}

async function forgetOthers(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await worker.clients.claim();
}

async function answer(request: Request): Promise<Response> {
  const address = request.mode === 'navigate' ? addressOf('index.html') : request.url.split(/[?#]/)[0];
  const cache = await caches.open(CACHE);
  const kept = await cache.match(address);
  if (kept) return kept;
  const later = Object.keys(LATER).find((file) => addressOf(file) === address);
  if (later === undefined) return fetch(request);
  const response = (await keptBefore(later)) ?? (await fetched(later));
  await cache.put(address, response.clone());
  return response;
}

worker.addEventListener('install', (event) => event.waitUntil(keepAll()));
worker.addEventListener('activate', (event) => event.waitUntil(forgetOthers()));
worker.addEventListener('message', ({ data }) => {
  if (data === 'take over') void worker.skipWaiting();
});
worker.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET') return;
  const isOurs = KNOWN.has(request.url.split(/[?#]/)[0]);
  const isPage = request.mode === 'navigate' && request.url.split(/[?#]/)[0] === worker.registration.scope;
  if (isOurs || isPage) event.respondWith(answer(request));
});
