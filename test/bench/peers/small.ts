/** What the tests of the race against the peers share. */
import { densenetConfig } from '../../../src/densenet/architecture.js';

// ONNX Runtime sends reports where nobody tells it not to; the engines' processes inherit this.
process.env.ORT_DISABLE_TELEMETRY = '1';

export const SMALL = densenetConfig('densenet121', {
  name: 'small',
  blocks: [2, 1],
  growthRate: 8,
  bottleneck: 2,
  stemChannels: 8,
  classes: 3,
});
