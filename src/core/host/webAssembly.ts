/** Whether this host lets WebAssembly run: a page's policy may forbid it. */
import { UsageError } from '../errors.js';

/** A module with nothing in it: the magic number and the version. */
const EMPTY_MODULE = new Uint8Array([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);

/**
 * Asks before a library does, whose own message names neither the policy nor the word.
 * @param what needs it, for the message
 * @throws UsageError naming the word that the page's Content-Security-Policy lacks
 */
export async function requireWebAssembly(what: string): Promise<void> {
  if (typeof WebAssembly === 'undefined') {
    throw new UsageError(`${what} need WebAssembly, which this host does not have.`, 'Switch it on.');
  }
  try {
    await WebAssembly.compile(EMPTY_MODULE);
  } catch {
    throw new UsageError(
      `${what} need WebAssembly, which the Content-Security-Policy of this page forbids.`,
      "Add 'wasm-unsafe-eval' to its script-src.",
    );
  }
}
