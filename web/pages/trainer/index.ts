/** The Trainer: a folder or phantoms in; a trained network, its curves and its weights out. */
import type { PageEntry } from '../pageEntry.js';

export const trainer: PageEntry = {
  id: 'trainer',
  title: 'Trainer',
  tag: 'chexgpu-trainer',
  element: () => import('./trainer.js'),
  work: () => import('./inWorker/work.js'),
};
