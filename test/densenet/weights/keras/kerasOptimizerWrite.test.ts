/** The state of optimizers, written and read again; what real Keras makes of it stands in docs/fidelity.md. */
import { describe, expect, it } from 'vitest';
import { readKerasHdf5, writeKerasHdf5 } from '../../../../src/densenet/weights/keras/kerasLazy.js';
import { snakeCase, trainingConfig } from '../../../../src/densenet/weights/keras/kerasOptimizerWrite.js';
import { differences, randomState, randomWeights, TINY } from './h5Fixtures.js';

const weights = randomWeights(TINY);

interface Written {
  optimizer_config: { config: object };
}

const SETTINGS = {
  adam: { learningRate: 0.002, beta1: 0.8, beta2: 0.9, epsilon: 1e-5 },
  sgd: { learningRate: 0.05, momentum: 0.75, nesterov: true },
  adamw: { learningRate: 0.002, beta1: 0.8, beta2: 0.9, epsilon: 1e-5, weightDecay: 0.1, decayAll: false },
};

describe.each(Object.entries(SETTINGS))("a state of %s in Keras' files", (optimizer, settings) => {
  it.each(['keras2-model', 'keras3'] as const)('comes back whole: %s', async (format) => {
    const written = { ...randomState(optimizer, TINY), settings };
    const bytes = await writeKerasHdf5(weights, TINY, { format, optimizer: written });
    const { optimizer: read } = await readKerasHdf5(bytes, TINY, 'x.h5', { optimizer: true });
    expect(read).toMatchObject({ optimizer, iterations: 7 });
    // Keras 3's weights keep the learning rate only.
    const { learningRate } = settings;
    expect(read?.settings).toEqual(format === 'keras3' ? { learningRate } : settings);
    for (const [slot, values] of Object.entries(written.slots)) {
      expect(differences(read?.slots[slot] ?? new Map(), values)).toEqual([]);
    }
  });
});

describe("SGD without momentum in Keras' files", () => {
  it.each(['keras2-model', 'keras3'] as const)('comes back: %s', async (format) => {
    const state = randomState('sgd', TINY);
    for (const values of state.slots.velocity.values()) values.fill(0);
    const written = { ...state, settings: { learningRate: 0.05, momentum: 0, nesterov: false } };
    const bytes = await writeKerasHdf5(weights, TINY, { format, optimizer: written });
    const { optimizer: read } = await readKerasHdf5(bytes, TINY, 'x.h5', { optimizer: true });
    expect(differences(read?.slots.velocity ?? new Map(), state.slots.velocity)).toEqual([]);
  });

  it('says no momentum of 0, which Keras 3 refuses, but a rate and a decay of 0', () => {
    const { optimizer_config: sgd } = trainingConfig(randomState('sgd', TINY)) as Written;
    expect(sgd.config).toEqual({ learning_rate: 0.01, nesterov: false, decay: 0 });
    const settings = { learningRate: 0, weightDecay: 0 };
    const { optimizer_config: adamw } = trainingConfig({
      ...randomState('adamw', TINY),
      settings,
    }) as Written;
    expect(adamw.config).toMatchObject({ learning_rate: 0, weight_decay: 0, epsilon: 1e-7 });
  });
});

it('names a state as Keras 3 does', () => {
  expect(['SGD', 'Adam', 'AdamW', 'RMSprop'].map(snakeCase)).toEqual(['sgd', 'adam', 'adam_w', 'rm_sprop']);
});
