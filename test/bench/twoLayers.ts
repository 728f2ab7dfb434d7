/** A network of one dense layer in each of two blocks, and the peaks of an adapter, for the tests of the bench. */
import { densenetConfig } from '../../src/densenet/architecture.js';

export const TWO_LAYERS = densenetConfig('densenet121', { blocks: [1, 1], classes: 3 });

export const PEAKS = { gflops: 10, gbs: 2 };
