/** The Explorer: a network's training step from the whole network down to the products of one number. */
import type { PageEntry } from '../pageEntry.js';

export const explorer: PageEntry = {
  id: 'explorer',
  title: 'Explorer',
  tag: 'chexgpu-explorer',
  element: () => import('./explorer.js'),
  work: () => import('./inWorker/work.js'),
};
