/** The Reader: X-rays in, fourteen findings with their Grad-CAM out. */
import type { PageEntry } from '../pageEntry.js';

export const reader: PageEntry = {
  id: 'reader',
  title: 'Reader',
  tag: 'chexgpu-reader',
  element: () => import('./reader.js'),
  work: () => import('./inWorker/work.js'),
};
