/** 'chexgpu/phantoms', both hosts: X-rays that are drawn, with a known truth. */

export {
  type CohortOptions,
  drawPhantom,
  makeCohort,
  type NumberedPhantom,
  numberedPhantom,
  type Phantom,
  type PhantomSpec,
} from './data/phantoms/index.js';
