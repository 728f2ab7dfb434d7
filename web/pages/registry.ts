/** The pages, in the order of the navigation. A new one is a folder beside this file and a line here. */
import { explorer } from './explorer/index.js';
import type { PageEntry } from './pageEntry.js';
import { race } from './race/index.js';
import { reader } from './reader/index.js';
import { trainer } from './trainer/index.js';

export const PAGES: readonly PageEntry[] = [reader, trainer, race, explorer];

/** @throws Error where there is none */
export function findPage(id: string): PageEntry {
  const page = PAGES.find((entry) => entry.id === id);
  if (!page) throw new Error(`There is no page called ${id}.`);
  return page;
}
