/**
 * What PyTorch's weights expect of the pixels and mean by their outputs. Sources: torchvision 0.29
 * (`models.DenseNet121_Weights`), torchxrayvision 1.5 (`models.DenseNet`, `models.op_norm`,
 * `utils.normalize`).
 */
import { floats } from '../../../core/arguments.js';
import { deepFreeze } from '../../../core/deepFreeze.js';
import { UsageError } from '../../../core/errors.js';
import type { Preprocessing } from '../weightsMeaning.js';

/** `nn.BatchNorm2d`'s epsilon; Keras' DenseNet has 1.001e-5. */
export const TORCH_BN_EPSILON = 1e-5;

/** PyTorch's momentum 0.1 is the share of the new; this is the share of the old that Keras calls momentum. */
export const TORCH_BN_MOMENTUM = 0.9;

/** (v / 255 - mean) / std of ImageNet, red, green, blue; gray is repeated. */
export const IMAGENET_PREPROCESSING: Preprocessing = deepFreeze<Preprocessing>({
  size: 224,
  interpolation: 'bilinear',
  normalisation: {
    kind: 'featurewise',
    mean: [255 * 0.485, 255 * 0.456, 255 * 0.406],
    std: [255 * 0.229, 255 * 0.224, 255 * 0.225],
    epsilon: 0,
  },
});

/** (2 v / 255 - 1) * 1024 = (v - 127.5) / (255 / 2048): -1024..1024. */
export const XRV_PREPROCESSING: Preprocessing = deepFreeze<Preprocessing>({
  size: 224,
  interpolation: 'bilinear',
  normalisation: {
    kind: 'featurewise',
    mean: [127.5, 127.5, 127.5],
    std: [255 / 2048, 255 / 2048, 255 / 2048],
    epsilon: 0,
  },
});

/** The outputs of torchxrayvision's DenseNet121. Its first 14 are NIH's findings, in an order of their own. */
export const XRV_LABELS = deepFreeze([
  'Atelectasis',
  'Consolidation',
  'Infiltration',
  'Pneumothorax',
  'Edema',
  'Emphysema',
  'Fibrosis',
  'Effusion',
  'Pneumonia',
  'Pleural_Thickening',
  'Cardiomegaly',
  'Nodule',
  'Mass',
  'Hernia',
  'Lung Lesion',
  'Fracture',
  'Lung Opacity',
  'Enlarged Cardiomediastinum',
]);

/**
 * Probabilities as torchxrayvision gives them where a model has operating points: the threshold t of an output
 * becomes 0.5, p / (2t) below it and 1 - (1 - p) / (2 (1 - t)) from there on. Outputs that were never trained
 * have the threshold NaN and become 0.5, whatever p is.
 * @param p p[b,classes], from the sigmoid
 * @param thresholds t[classes]
 * @throws UsageError for arrays of another type, or when p is no whole number of rows of as many outputs
 */
export function opNorm(p: Float32Array, thresholds: Float32Array): Float32Array {
  floats('p', p);
  floats('thresholds', thresholds);
  const classes = thresholds.length;
  if (classes === 0 || p.length % classes !== 0) {
    throw new UsageError(`${p.length} probabilities are no rows of ${classes} outputs.`);
  }
  return p.map((value, i) => {
    const t = thresholds[i % classes];
    if (Number.isNaN(t)) return 0.5;
    return value < t ? value / (2 * t) : 1 - (1 - value) / (2 * (1 - t));
  });
}
