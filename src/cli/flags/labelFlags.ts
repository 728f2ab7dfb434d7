/** The flags of what a training makes of the labels: which ones, how they weigh, how often they are drawn. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../../core/errors.js';
import {
  CLASS_WEIGHTINGS,
  type ClassWeighting,
  EFFECTIVE_BETA,
  effectiveNumber,
} from '../../data/tables/classWeights.js';
import { cellNumber } from '../../data/tables/csvCells.js';
import { checkLabelNames } from '../../data/tables/labels.js';
import type { LossChoice } from '../../training/losses/loss.js';
import { numberIn, parser } from './flagText.js';

export interface LabelFlags {
  /** Default: the 14 findings. */
  labels?: readonly string[];
  classWeights?: (typeof CLASS_WEIGHTINGS)[number];
  classWeightsBeta?: number;
  positiveWeights?: readonly number[];
  negativeWeights?: readonly number[];
  sampler?: 'balanced';
}

/** Names of columns, separated by commas. */
export const labelNames = parser((text) =>
  checkLabelNames(
    text.split(',').map((name) => name.trim()),
    '--labels',
  ),
);

export const labelsOption = (what: string): Option =>
  new Option('--labels <names>', `${what} (default: the 14 findings of the course)`).argParser(labelNames);

export function addLabelOptions(command: Command): Command {
  return command
    .addOption(
      labelsOption(
        'columns of the CSVs to train on, separated by commas, in the order of the outputs; weights with other ' +
          'outputs get a new head',
      ),
    )
    .addOption(
      new Option(
        '--class-weights <kind>',
        'weights of --loss weighted: by frequencies, by the effective number of images, or none (default: frequencies)',
      ).choices(CLASS_WEIGHTINGS),
    )
    .addOption(
      new Option(
        '--class-weights-beta <b>',
        `beta of --class-weights effective: 0 weighs all alike, near 1 as frequencies (default: ${EFFECTIVE_BETA})`,
      ).argParser(
        parser((text) => {
          const beta = numberIn(text) as number;
          effectiveNumber(1, beta);
          return beta;
        }),
      ),
    )
    .addOption(
      new Option(
        '--positive-weights <list>',
        'weights of positive labels in the order of the labels, instead of --class-weights',
      ).argParser(weightList),
    )
    .addOption(
      new Option('--negative-weights <list>', 'those of negative labels, likewise').argParser(weightList),
    )
    .addOption(
      new Option(
        '--sampler <kind>',
        'balanced: training images drawn so that each finding is as likely as any other and as none, with ' +
          'replacement (default: each image once in an epoch)',
      ).choices(['balanced']),
    );
}

function weightList(text: string): readonly number[] {
  const numbers = text.split(',').map((part) => cellNumber(part.trim()));
  if (numbers.every((weight) => weight >= 0)) return numbers;
  throw new InvalidArgumentError('Give numbers, 0 or above, separated by commas.');
}

/**
 * What the flags ask for.
 * @throws UsageError for weights that contradict each other, and for a loss that has none
 */
export function classWeightsOf(flags: LabelFlags, { kind }: Pick<LossChoice, 'kind'>): ClassWeighting {
  const { classWeights, classWeightsBeta, positiveWeights, negativeWeights } = flags;
  const given = Object.entries({
    '--class-weights': classWeights,
    '--class-weights-beta': classWeightsBeta,
    '--positive-weights': positiveWeights,
    '--negative-weights': negativeWeights,
  }).filter(([, value]) => value !== undefined);
  if (given.length > 0 && !kind.weighsClasses) {
    throw new UsageError(
      `${given[0][0]} is for a loss with weights per class; ${kind.name} has none.`,
      'Leave it out, or choose --loss weighted.',
    );
  }
  if (positiveWeights !== undefined || negativeWeights !== undefined) {
    if (positiveWeights === undefined || negativeWeights === undefined) {
      throw new UsageError('--positive-weights and --negative-weights go together.', 'Give both.');
    }
    if (classWeights !== undefined || classWeightsBeta !== undefined) {
      throw new UsageError(
        `--positive-weights and ${given[0][0]} contradict each other.`,
        'Give one of them.',
      );
    }
    return { kind: 'given', positive: positiveWeights, negative: negativeWeights };
  }
  if (classWeights === 'effective') return { kind: 'effective', beta: classWeightsBeta ?? EFFECTIVE_BETA };
  if (classWeightsBeta !== undefined) {
    throw new UsageError(
      '--class-weights-beta is a setting of effective numbers.',
      'Give --class-weights effective.',
    );
  }
  return { kind: classWeights ?? 'frequencies' };
}
