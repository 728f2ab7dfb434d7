/** A network of one dense layer, without batch norms: a large batch has the mean gradient of its parts. */
import { denseForward } from '../../../src/shaders/dense/dense.js';
import { denseBackwardWeights } from '../../../src/shaders/dense/denseBackward.js';
import type { FloatBatch, Labelled } from '../../../src/training/batch.js';
import type { Network } from '../../../src/training/network.js';
import type { ParameterSpec, WeightMap } from '../../../src/training/parameterSpec.js';
import { uniform } from './generated.js';

export const [INPUTS, CLASSES] = [5, 3];

function spec(layer: string, tensor: ParameterSpec['tensor'], ...shape: number[]): ParameterSpec {
  const size = shape.reduce((product, n) => product * n, 1);
  return { key: `${layer}/${tensor}`, layer, tensor, shape, size, trainable: !tensor.startsWith('moving') };
}

/** logits[b,classes] = x[b,inputs] . kernel + bias; the moving averages are of nothing. */
export const ONE_LAYER: Network = {
  name: 'one layer',
  inputChannels: INPUTS,
  classes: CLASSES,
  activation: 'sigmoid',
  sizeMultiple: 1,
  parameters: [
    spec('dense', 'kernel', INPUTS, CLASSES),
    spec('dense', 'bias', CLASSES),
    spec('none', 'moving_mean', 1),
    spec('none', 'moving_variance', 1),
  ],
  batchNorms: [],
  mapSizes: () => [{ layer: 'image', bytesPerPixel: 4 * INPUTS, heldInTraining: true }],
  record(plan, parameters, image) {
    const [b] = image.shape;
    const logits = plan.tensor('logits', [b, 1, 1, CLASSES]);
    const [weights, bias] = ['dense/kernel', 'dense/bias'].map((key) => parameters.view('weights', key));
    denseForward(plan, 'dense', { x: image, weights, bias, y: logits });
    return {
      logits,
      maps: [['dense', logits]],
      cam: { features: image, weights },
      recordBackward(dy) {
        const [dw, db] = ['dense/kernel', 'dense/bias'].map((key) => parameters.view('gradients', key));
        denseBackwardWeights(plan, 'dense', { x: image, dy, dw, db });
      },
    };
  },
};

/** As test/golden/updates/make_updates.py draws them. */
export function oneLayerWeights(seed: number): WeightMap {
  return new Map([
    ['dense/kernel', uniform(seed, 'dense/kernel', INPUTS * CLASSES, -2, 2)],
    ['dense/bias', uniform(seed, 'dense/bias', CLASSES, -2, 2)],
    ['none/moving_mean', new Float32Array(1)],
    ['none/moving_variance', new Float32Array(1)],
  ]);
}

/** Likewise. */
export function oneLayerBatch(seed: number, i: number, count: number): Labelled<FloatBatch> {
  return {
    count,
    height: 1,
    width: 1,
    x: uniform(seed, `x ${i}`, count * INPUTS, -1, 1),
    labels: uniform(seed, `y ${i}`, count * CLASSES, 0, 1).map((u) => (u < 0.4 ? 1 : 0)),
    files: Array.from({ length: count }, (_, k) => `image ${i}.${k}`),
  };
}

/** Weights, then the bias. */
export const flatWeights = (weights: WeightMap): number[] => [
  ...weights.get('dense/kernel')!,
  ...weights.get('dense/bias')!,
];
