/**
 * Weight files in the browser's Cache storage, by address and sha256. An entry is there whole or not at all, and
 * whoever takes it checks its digest. Nothing here fails a load: a browser that keeps nothing is one without cache.
 */

const CACHE = 'chexgpu-weights';

interface Place {
  readonly address: URL;
  readonly sha256: string;
}

/** Keys must be addresses; nobody fetches this one. */
const keyOf = ({ address, sha256 }: Place): string => {
  const { href, hash } = address;
  return `https://chexgpu.invalid/${sha256}?${encodeURIComponent(href.slice(0, href.length - hash.length))}`;
};

/** Undefined where there is none, or no storage. */
export async function cachedBytes(place: Place): Promise<Uint8Array | undefined> {
  try {
    const found = await (await caches.open(CACHE)).match(keyOf(place));
    return found && new Uint8Array(await found.arrayBuffer());
  } catch {
    return undefined;
  }
}

/**
 * Keeps a file in place of others of its address.
 * @returns why it is not kept, in words; null where it is
 * @throws the signal's reason, with nothing kept
 */
export async function keepBytes(
  place: Place,
  bytes: Uint8Array,
  signal?: AbortSignal,
): Promise<string | null> {
  signal?.throwIfAborted();
  if (typeof caches === 'undefined')
    return 'there is no Cache storage here (pages have one on https and localhost)';
  try {
    const cache = await caches.open(CACHE);
    const key = keyOf(place);
    const { search } = new URL(key);
    for (const { url } of await cache.keys()) if (new URL(url).search === search) await cache.delete(url);
    await cache.put(key, new Response(bytes as Uint8Array<ArrayBuffer>));
    return null;
  } catch (error) {
    const { name, message } = error as Error;
    return `the browser keeps no more (${name}: ${message})`;
  }
}

/** Forgets all weights that `loadWeights` has kept. @returns whether there were any */
export async function clearWeightsCache(): Promise<boolean> {
  return typeof caches === 'undefined' ? false : caches.delete(CACHE);
}
