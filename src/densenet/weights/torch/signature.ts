/** How a safetensors file begins: N, the length of the header in 8 bytes, then a JSON object. */

export const BRACE = 0x7b;
/** The format's own limit of N. */
export const LONGEST_HEADER = 100_000_000;

/** Whether a length that can be a header's comes first and a JSON object next: no other weight file begins so. */
export function looksLikeSafetensors(bytes: Uint8Array): boolean {
  return bytes.length > 8 && bytes[8] === BRACE && headerLengthOf(bytes) <= LONGEST_HEADER;
}

/** N of the format, exact up to 2 ** 53. */
export function headerLengthOf(bytes: Uint8Array): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0, true));
}
