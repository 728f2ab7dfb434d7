/** What zip archives and PNGs share: a checksum, and what DEFLATE packs. */

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

/** CRC-32 of ISO 3309. */
export function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) c = TABLE[(c ^ bytes[i]) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

/**
 * What was packed, which may lie in several parts; null where it is not of `length` bytes, or is damaged. A few bytes
 * could unpack to gigabytes: no more is.
 */
export async function inflate(
  parts: readonly Uint8Array[],
  format: CompressionFormat,
  length: number,
): Promise<Uint8Array | null> {
  const result = new Uint8Array(length);
  let at = 0;
  const source = new Blob(parts as Uint8Array<ArrayBuffer>[]).stream();
  const reader = source.pipeThrough(new DecompressionStream(format)).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return at === length ? result : null;
      if (at + value.length > length) return null;
      result.set(value, at);
      at += value.length;
    }
  } catch {
    return null;
  } finally {
    await reader.cancel().catch(() => {});
  }
}
