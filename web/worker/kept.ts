/** Small documents that stay with this browser: a worker has no localStorage. */
const CACHE = 'chexgpu kept';
const addressOf = (name: string) => new URL(`kept/${encodeURIComponent(name)}`, location.href).href;

/** Null where nothing was kept under this name, or nothing can be. */
export async function keptDocument(name: string): Promise<unknown> {
  const cache = await caches.open(CACHE);
  return (await cache.match(addressOf(name)))?.json() ?? null;
}

export async function keepDocument(name: string, document: unknown): Promise<void> {
  const cache = await caches.open(CACHE);
  await cache.put(addressOf(name), Response.json(document));
}
