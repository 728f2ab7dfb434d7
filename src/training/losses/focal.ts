/** Focal loss (Lin, Goyal, Girshick, He and Dollar 2017): labels that are well predicted already count little. */
import { nonNegativeNumber, requireFields, share, trueOrFalse } from '../../core/arguments.js';
import { focalLoss } from '../../shaders/loss/focal/focal.js';
import { checkScored, type Loss, type LossKind } from './loss.js';

export interface FocalSettings {
  /** How fast a label's share falls as its prediction gets better; 0 or above, 0 for not at all. Default 2. */
  gamma?: number;
  /** Weight of positive labels, from 0 to 1; that of negative ones is 1 - alpha. Default 0.25. */
  alpha?: number;
  /** Whether labels may be NaN, unknown: see `Loss.unknownLabels`. Default false: then such a label is refused. */
  unknownLabels?: boolean;
}

/** The paper's, and Keras' and torchvision's. */
const GAMMA = 2;
const ALPHA = 0.25;

/** As Keras clips: float32 may have rounded a probability to 0 or 1. */
const CLIP = 1e-7;

/**
 * Mean over the batch and the classes, as Keras' `BinaryFocalCrossentropy` with class balancing and torchvision's
 * `sigmoid_focal_loss` with reduction 'mean':
 * L = -1/(B C) sum_bc [ alpha y_bc (1 - p_bc)^gamma ln p_bc + (1 - alpha) (1 - y_bc) p_bc^gamma ln(1 - p_bc) ].
 * In training it is made of the logits and exact for every one of them. `value` knows the probabilities alone and clips
 * them to [1e-7, 1 - 1e-7]. Labels are not smoothed: what Keras makes of smoothed ones is another function than this.
 * @throws UsageError unless gamma is 0 or above, alpha from 0 to 1 and unknownLabels true or false, and for a setting
 *   that there is not
 */
export function focal(settings: FocalSettings = {}): Loss {
  requireFields('The settings of the focal loss', settings, ['gamma', 'alpha', 'unknownLabels']);
  const gamma = nonNegativeNumber('gamma', settings.gamma ?? GAMMA);
  const alpha = share('alpha', settings.alpha ?? ALPHA);
  const unknownLabels = trueOrFalse('unknownLabels', settings.unknownLabels ?? false);
  return {
    name: 'focal',
    title: `focal loss with gamma ${gamma} and alpha ${alpha}`,
    reduction: 'mean over the batch and the classes',
    settings: Object.freeze({ gamma, alpha, unknownLabels }),
    activation: 'sigmoid',
    classes: null,
    unknownLabels,
    constants: null,
    record: (plan, label, { z, labels, p, loss, dz }) =>
      focalLoss(plan, label, { z, labels, p, loss, dz }, { gamma, alpha }),
    value(p, labels) {
      checkScored(p, labels, { classes: null, unknownLabels });
      let sum = 0;
      for (let i = 0; i < p.length; i++) {
        const y = labels[i];
        if (Number.isNaN(y)) continue;
        const v = Math.min(Math.max(p[i], CLIP), 1 - CLIP);
        sum -= alpha * y * (1 - v) ** gamma * Math.log(v);
        sum -= (1 - alpha) * (1 - y) * v ** gamma * Math.log1p(-v);
      }
      return sum / p.length;
    },
  };
}

export const FOCAL: LossKind = {
  name: 'focal',
  help: 'binary cross-entropy in which labels that are well predicted count little',
  settings: {
    gamma: {
      default: GAMMA,
      check: nonNegativeNumber,
      help: 'how little they count; 0 for as much as others',
    },
    alpha: {
      default: ALPHA,
      check: share,
      help: 'weight of positive labels, that of negative ones is 1 - alpha',
    },
  },
  make: (settings, { unknownLabels }) => focal({ ...settings, unknownLabels }),
};
