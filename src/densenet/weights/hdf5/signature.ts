/** How HDF5 files begin: told without the library that reads them. */
const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]; // \x89HDF\r\n\x1a\n

/**
 * Where the HDF5 part of a file begins: at 0, or at 512, 1024, 2048, ... behind a user block. Undefined where it
 * is none.
 */
export function signatureAt(bytes: Uint8Array): number | undefined {
  const isThere = (at: number) => SIGNATURE.every((byte, i) => bytes[at + i] === byte);
  if (isThere(0)) return 0;
  for (let at = 512; at < bytes.length; at *= 2) {
    if (isThere(at)) return at;
  }
  return undefined;
}
