/** Plain binary cross-entropy: every label counts alike. */
import { requireFields, trueOrFalse } from '../../core/arguments.js';
import { binaryLoss } from '../../shaders/loss/binary/binary.js';
import { checkScored, type Loss, type LossKind } from './loss.js';

export interface BinarySettings {
  /** Whether labels may be NaN, unknown: see `Loss.unknownLabels`. Default false: then such a label is refused. */
  unknownLabels?: boolean;
}

/** Keras' epsilon: the twin clips probabilities, which float32 may have rounded to 0 or 1, to [1e-7, 1 - 1e-7]. */
const CLIP = 1e-7;

/**
 * Mean over the batch and the classes, as Keras' `binary_crossentropy` and PyTorch's `BCEWithLogitsLoss`:
 * L = -1/(B C) sum_bc [ y_bc ln p_bc + (1 - y_bc) ln(1 - p_bc) ].
 * In training it is made of the logits and exact for every one of them. `value` knows the probabilities alone and clips
 * them, as Keras does where it has no logits: it says 16.1 at most of one label.
 * @throws UsageError unless unknownLabels is true or false, and for a setting that there is not
 */
export function binaryCrossEntropy(settings: BinarySettings = {}): Loss {
  requireFields('The settings of the binary cross-entropy', settings, ['unknownLabels']);
  const unknownLabels = trueOrFalse('unknownLabels', settings.unknownLabels ?? false);
  return {
    name: 'bce',
    title: 'binary cross-entropy',
    reduction: 'mean over the batch and the classes',
    settings: Object.freeze({ unknownLabels }),
    activation: 'sigmoid',
    classes: null,
    unknownLabels,
    constants: null,
    record: (plan, label, { z, labels, p, loss, dz }) => binaryLoss(plan, label, { z, labels, p, loss, dz }),
    value(p, labels) {
      checkScored(p, labels, { classes: null, unknownLabels });
      let sum = 0;
      for (let i = 0; i < p.length; i++) {
        if (Number.isNaN(labels[i])) continue;
        const clipped = Math.min(Math.max(p[i], CLIP), 1 - CLIP);
        sum -= labels[i] * Math.log(clipped) + (1 - labels[i]) * Math.log1p(-clipped);
      }
      return sum / p.length;
    },
  };
}

export const BCE: LossKind = {
  name: 'bce',
  help: 'plain binary cross-entropy',
  settings: {},
  make: (_, { unknownLabels }) => binaryCrossEntropy({ unknownLabels }),
};
