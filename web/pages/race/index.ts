/** The Race: the bench in the reader's browser. */
import type { PageEntry } from '../pageEntry.js';

export const race: PageEntry = {
  id: 'race',
  title: 'Race',
  tag: 'chexgpu-race',
  element: () => import('./race.js'),
  work: () => import('./inWorker/work.js'),
};
