/** Whose word counts where an image is prepared: a wish, the weights, their history, what is usual. */
import { describe, expect, it } from 'vitest';
import { UsageError, WeightsError } from '../../../src/core/errors.js';
import { XRV_PREPROCESSING } from '../../../src/densenet/weights/torch/torchFacts.js';
import {
  imagePreparation,
  type PreparationFacts,
  type PreparationWishes,
} from '../../../src/workflow/prediction/imagePreparation.js';
import type { TrainedWith } from '../../../src/workflow/weights/history.node.js';

const NOTHING = { preprocessing: null, inputSize: null };
const XRV = { preprocessing: XRV_PREPROCESSING, inputSize: null };
const TRAINED: TrainedWith = {
  network: 'densenet121',
  size: 64,
  interpolation: 'bilinear',
  scaling: 'depth',
  normalisation: { kind: 'featurewise', mean: [1, 2, 3], std: [4, 5, 6], epsilon: 1e-6 },
  bnEpsilon: 1e-5,
  inputChannels: 3,
  activation: 'sigmoid',
  labels: null,
};

/** The preparation, and what was said of it. */
function prepared(
  weights: PreparationFacts = NOTHING,
  trained: TrainedWith | null = null,
  wishes?: PreparationWishes,
) {
  const said: string[] = [];
  return { preparation: imagePreparation(weights, trained, wishes, (text) => said.push(text), 'x.h5'), said };
}

describe('an image is prepared', () => {
  it('as usual where nobody says anything', () => {
    expect(prepared()).toEqual({
      preparation: {
        size: 320,
        interpolation: 'nearest',
        pixels: { scaling: 'keras' },
        normalisation: null,
        normalisedBy: 'nobody',
      },
      said: [],
    });
    expect(prepared({ preprocessing: null, inputSize: 96 }).preparation.size).toBe(96);
  });

  it("as the weights' own facts say, before any history", () => {
    for (const trained of [null, TRAINED]) {
      const { preparation, said } = prepared(XRV, trained);
      expect(preparation).toMatchObject({ ...XRV_PREPROCESSING, normalisedBy: 'weights' });
      expect(said).toEqual([]);
    }
    expect(prepared(XRV).preparation.pixels).toEqual({
      scaling: 'keras',
      refuseClipped: expect.stringContaining('`scaling: depth`'),
    });
  });

  it('as the history of the weights says', () => {
    const { size, interpolation, normalisation } = TRAINED;
    expect(prepared(NOTHING, TRAINED).preparation).toEqual({
      size,
      interpolation,
      pixels: { scaling: 'depth' },
      normalisation,
      normalisedBy: 'history',
    });
  });

  it('as is wished, with a word where it departs from the training', () => {
    const wished = prepared(NOTHING, TRAINED, { size: 96, interpolation: 'nearest' });
    expect(wished.preparation).toMatchObject({ size: 96, interpolation: 'nearest', normalisedBy: 'history' });
    expect(wished.said).toEqual(['These weights were trained on images of 64 px, not 96.']);
    const deep = prepared(NOTHING, { ...TRAINED, scaling: 'keras' }, { scaling: 'depth' });
    expect(deep.preparation.pixels).toEqual({ scaling: 'depth' });
    expect(deep.said).toEqual([expect.stringMatching(/trained with `scaling: keras`/)]);
  });
});

describe('refused is', () => {
  it('a scaling that gives other pixels than the weights were trained with', () => {
    for (const [weights, trained, scaling] of [
      [NOTHING, TRAINED, 'keras'],
      [NOTHING, TRAINED, 'range'],
      [XRV, null, 'range'],
    ] as const) {
      expect(() => prepared(weights, trained, { scaling })).toThrow(UsageError);
    }
  });

  it('what a file asks for and nobody knows', () => {
    for (const change of [{ interpolation: 'cubic' }, { scaling: 'loud' }]) {
      const weights = { preprocessing: { ...XRV_PREPROCESSING, ...change }, inputSize: null };
      expect(() => prepared(weights)).toThrow(WeightsError);
      expect(() => prepared(weights)).toThrow(/^x\.h5 wants /);
    }
  });
});
