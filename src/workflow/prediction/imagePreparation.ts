/** How an X-ray becomes a network's input: by the weights' own facts, by their training's history, else as usual. */
import { oneOf, requireObject } from '../../core/arguments.js';
import { UsageError, WeightsError } from '../../core/errors.js';
import { SCALINGS, type Scaling } from '../../data/images/pixelFacts.js';
import { INTERPOLATIONS, type Interpolation } from '../../data/images/resize.js';
import type { ReadWeights } from '../../densenet/weights/format.js';
import type { Preprocessing } from '../../densenet/weights/weightsMeaning.js';
import type { Normalisation } from '../../training/batch.js';
import type { Reporter } from '../reporter.js';
import type { TrainedWith } from '../weights/history.node.js';

/** Where nobody says which size. */
export const USUAL_SIZE = 320;

/** As the decode pool takes it. */
export interface ScalingChoice {
  scaling?: Scaling;
  /** Where the weights expect the whole range of a film: what to do instead of clipping it. */
  refuseClipped?: string;
}

/** How an X-ray becomes the network's input; made by `imagePreparation`. */
export interface ImagePreparation {
  /** Side in pixels. */
  size: number;
  interpolation: Interpolation;
  /** How stored samples become pixels 0..255. */
  pixels: ScalingChoice;
  /** Null where nobody knows: then by statistics of training images, or each image by itself. */
  normalisation: Normalisation | null;
  /** Who says how pixels are normalised. */
  normalisedBy: 'weights' | 'history' | 'nobody';
}

/** What somebody asks for. */
export type PreparationWishes = Partial<Pick<ImagePreparation, 'size' | 'interpolation'>> & {
  scaling?: Scaling;
};

/** What weights say of their images. */
export type PreparationFacts = Pick<ReadWeights, 'preprocessing' | 'inputSize'>;

/**
 * What weights were trained on goes before what is usual, and a wish before it, where it makes sense.
 * @param trained the history of the weights, where there is one
 * @param warn told where a wish departs from what the weights were trained with
 * @param name what errors call the file
 * @throws UsageError for weights that are none, and for a scaling that would give other pixels than the weights expect;
 *   WeightsError for a filter or a scaling that is not known
 */
export function imagePreparation(
  weights: PreparationFacts,
  trained: TrainedWith | null,
  wishes: PreparationWishes = {},
  warn: Reporter['warn'] = () => {},
  name = 'The weight file',
): ImagePreparation {
  requireObject('The weights', weights);
  requireObject('What is wished', wishes);
  if (wishes.interpolation !== undefined) oneOf('interpolation', wishes.interpolation, INTERPOLATIONS);
  const own = knownPreprocessing(weights.preprocessing, name);
  const said = own ?? trained;
  const native = said?.size ?? weights.inputSize;
  const size = wishes.size ?? native ?? USUAL_SIZE;
  if (native && size !== native) warn(`These weights were trained on images of ${native} px, not ${size}.`);
  return {
    size,
    interpolation: wishes.interpolation ?? said?.interpolation ?? 'nearest',
    pixels: settleScaling(wishes.scaling, own, trained, warn),
    normalisation: said?.normalisation ?? null,
    normalisedBy: own ? 'weights' : trained ? 'history' : 'nobody',
  };
}

type KnownPreprocessing = Preprocessing & { interpolation: Interpolation; scaling?: Scaling };

function knownPreprocessing(preprocessing: Preprocessing | null, file: string): KnownPreprocessing | null {
  if (!preprocessing) return null;
  const interpolation = INTERPOLATIONS.find((filter) => filter === preprocessing.interpolation);
  const scaling = SCALINGS.find((kind) => kind === preprocessing.scaling);
  if (preprocessing.scaling !== undefined && scaling === undefined) {
    throw new WeightsError(
      `${file} wants pixels scaled by "${preprocessing.scaling}", which is not known.`,
      `Known are ${SCALINGS.join(', ')}.`,
    );
  }
  if (interpolation) return { ...preprocessing, interpolation, scaling };
  throw new WeightsError(
    `${file} wants images resized with "${preprocessing.interpolation}", which is not known.`,
    `Known are ${INTERPOLATIONS.join(', ')}.`,
  );
}

/**
 * The scaling to predict with: that of the training, where it is known.
 * @param wish what the user asks for
 * @throws UsageError where that is not what the weights were trained with
 */
function settleScaling(
  wish: Scaling | undefined,
  preprocessing: KnownPreprocessing | null,
  trained: TrainedWith | null,
  warn: Reporter['warn'],
): ScalingChoice {
  const known = preprocessing ? preprocessing.scaling : trained?.scaling;
  if (known !== undefined) {
    if (wish === undefined || wish === known) return { scaling: known };
    if (known === 'keras' && wish === 'depth') {
      warn('These weights were trained with `scaling: keras`. Only of 8-bit images is depth the same.');
      return { scaling: wish };
    }
    throw new UsageError(
      `These weights were trained with \`scaling: ${known}\`, not ${wish}.`,
      'Leave `scaling` out: what they were trained with is used.',
    );
  }
  if (preprocessing === null) return { scaling: wish ?? 'keras' };
  // PyTorch's weights: their makers divide by the largest value that the depth allows.
  if (wish === 'range') {
    throw new UsageError(
      'These weights expect every film scaled alike, by its depth; `scaling: range` stretches each by itself.',
      'Leave it out, or give `scaling: depth`.',
    );
  }
  const refuseClipped =
    'These weights expect the whole range of a film: give `scaling: depth`, or convert it to 8 bits.';
  return { scaling: wish ?? 'keras', refuseClipped };
}
