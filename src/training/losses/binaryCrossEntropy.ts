/** Plain binary cross-entropy: every label counts alike. */
import { requireFields, share, trueOrFalse } from '../../core/arguments.js';
import { binaryLoss } from '../../shaders/loss/binary/binary.js';
import { checkScored, LABEL_SMOOTHING, type Loss, type LossKind, smoothed, smoothingWords } from './loss.js';

export interface BinarySettings {
  /** Whether labels may be NaN, unknown: see `Loss.unknownLabels`. Default false: then such a label is refused. */
  unknownLabels?: boolean;
  /** From 0 to 1: see `Loss.labelSmoothing`. Default 0. */
  labelSmoothing?: number;
}

/** Keras' epsilon: the twin clips probabilities, which float32 may have rounded to 0 or 1, to [1e-7, 1 - 1e-7]. */
const CLIP = 1e-7;

/**
 * Mean over the batch and the classes, as Keras' `binary_crossentropy` and PyTorch's `BCEWithLogitsLoss`:
 * L = -1/(B C) sum_bc [ y_bc ln p_bc + (1 - y_bc) ln(1 - p_bc) ].
 * In training it is made of the logits and exact for every one of them. `value` knows the probabilities alone and clips
 * them, as Keras does where it has no logits: it says 16.1 at most of one label.
 * @throws UsageError unless unknownLabels is true or false and labelSmoothing from 0 to 1, and for a setting that there
 *   is not
 */
export function binaryCrossEntropy(settings: BinarySettings = {}): Loss {
  requireFields('The settings of the binary cross-entropy', settings, ['unknownLabels', 'labelSmoothing']);
  const unknownLabels = trueOrFalse('unknownLabels', settings.unknownLabels ?? false);
  const labelSmoothing = share('labelSmoothing', settings.labelSmoothing ?? 0);
  return {
    name: 'bce',
    title: `binary cross-entropy${smoothingWords(labelSmoothing)}`,
    reduction: 'mean over the batch and the classes',
    settings: Object.freeze({ unknownLabels, labelSmoothing }),
    activation: 'sigmoid',
    classes: null,
    unknownLabels,
    labelSmoothing,
    constants: null,
    record: (plan, label, { z, labels, p, loss, dz }) => binaryLoss(plan, label, { z, labels, p, loss, dz }),
    value(p, labels) {
      checkScored(p, labels, { classes: null, unknownLabels });
      let sum = 0;
      for (let i = 0; i < p.length; i++) {
        if (Number.isNaN(labels[i])) continue;
        const clipped = Math.min(Math.max(p[i], CLIP), 1 - CLIP);
        const y = smoothed(labels[i], labelSmoothing);
        sum -= y * Math.log(clipped) + (1 - y) * Math.log1p(-clipped);
      }
      return sum / p.length;
    },
  };
}

export const BCE: LossKind = {
  name: 'bce',
  help: 'plain binary cross-entropy',
  settings: { labelSmoothing: LABEL_SMOOTHING },
  make: (settings, { unknownLabels }) => binaryCrossEntropy({ ...settings, unknownLabels }),
};
