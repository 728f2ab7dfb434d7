/** Which scaling of the pixels a command uses, and what it says of pixels that lost something. */

import { UsageError } from '../../core/errors.js';
import type { DecodePool } from '../../data/images/decodePool.node.js';
import { inWords, pixelFindings, type Scaling } from '../../data/images/pixelFacts.js';
import type { WorkContext } from '../reporter.js';
import type { TrainedWith } from '../weights/history.node.js';
import type { Network } from '../weights/network.node.js';

/** As the decode pool takes it. */
export interface ScalingChoice {
  scaling?: Scaling;
  /** Where the weights expect the whole range of a film: what to do instead of clipping it. */
  refuseClipped?: string;
}

/**
 * The scaling to predict with: that of the training, where it is known.
 * @param flag what the user asks for
 * @throws UsageError where that is not what the weights were trained with
 */
export function settleScaling(
  { out }: Pick<WorkContext, 'out'>,
  flag: Scaling | undefined,
  { preprocessing }: Pick<Network, 'preprocessing'>,
  trained: TrainedWith | null,
): ScalingChoice {
  const known = preprocessing ? preprocessing.scaling : trained?.scaling;
  if (known !== undefined) {
    if (flag === undefined || flag === known) return { scaling: known };
    if (known === 'keras' && flag === 'depth') {
      out.warn('These weights were trained with --scaling keras. Only of 8-bit images is depth the same.');
      return { scaling: flag };
    }
    throw new UsageError(
      `These weights were trained with --scaling ${known}, not ${flag}.`,
      'Leave --scaling out: what they were trained with is used.',
    );
  }
  if (preprocessing === null) return { scaling: flag ?? 'keras' };
  // PyTorch's weights: their makers divide by the largest value that the depth allows.
  if (flag === 'range') {
    throw new UsageError(
      'These weights expect every film scaled alike, by its depth; --scaling range stretches each by itself.',
      'Leave it out, or give --scaling depth.',
    );
  }
  const refuseClipped =
    'These weights expect the whole range of a film: give --scaling depth, or convert it to 8 bits.';
  return { scaling: flag ?? 'keras', refuseClipped };
}

/** Warns of what the images decoded so far are like; of each kind once. */
export class PixelWarnings {
  private readonly said = new Set<string>();

  constructor(
    private readonly context: Pick<WorkContext, 'out'>,
    private readonly pool: DecodePool,
  ) {}

  say(): void {
    for (const finding of pixelFindings(this.pool.facts)) {
      if (this.said.has(finding.kind)) continue;
      this.said.add(finding.kind);
      this.context.out.warn(inWords(finding));
    }
  }
}
