/** Where the real X-rays lie, for the tests that want them. */
import { join } from 'node:path';

export const DATA = process.env.CHEXGPU_DATA;

/** A path below CHEXGPU_DATA. */
export function realFile(...parts: string[]): string {
  return join(DATA ?? '', ...parts);
}

/** Says on the console that tests were left out, so that a green run does not look like more than it is. */
export function sayIfLeftOut(what: string): void {
  if (!DATA) console.log(`CHEXGPU_DATA is not set: ${what} left out.`);
}
