/** Paths in sentences. */
import { relative } from 'node:path';

/** A path as one would type it from here. */
export function shownPath(path: string): string {
  const near = relative(process.cwd(), path);
  return near === '' || near.startsWith('..') ? path : near;
}
