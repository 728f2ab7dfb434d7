/** A weight file with all that is known of it: by itself, by its history.json, by whoever asks for it. */
import { WeightsError } from '../../core/errors.js';
import type { DenseNetConfig } from '../../densenet/architecture.js';
import { sniffWeights } from '../../densenet/weights/formats.js';
import { layoutWords } from '../../densenet/weights/layout.js';
import { namesFit } from '../../densenet/weights/recognise.js';
import { loadWeightBytes, understandWeights, type WeightFile } from '../../densenet/weights/weights.node.js';
import type { CallContext, WorkContext } from '../reporter.js';
import { type HistoryChoice, type TrainedWith, trainedWith } from './history.node.js';
import { configOf, type NetworkChoice } from './networkFile.node.js';

/** What weights mean, where their file does not say. */
export interface WeightOptions {
  /** Default: as the history says; else the one that the file's layers tell. */
  network?: NetworkChoice;
  activation?: DenseNetConfig['activation'];
  bnEpsilon?: number;
  head?: string;
  history?: HistoryChoice;
}

/** A weight file with what is known of its training. */
export interface KnownWeights {
  file: WeightFile;
  trained: TrainedWith | null;
}

/** Told which network is expected, before a file is understood that takes a while. */
export type OnExpected = (config: DenseNetConfig, trained: TrainedWith | null) => Promise<void>;

const USUAL = 'densenet121';

/**
 * The file, read for the network that the options or its history name; without either, for the one that its layers
 * tell.
 * @param fixed what stands behind the outputs whatever the file says
 */
export async function readKnownWeights(
  context: CallContext,
  weights: string,
  options: WeightOptions,
  fixed?: DenseNetConfig['activation'],
  onExpected?: OnExpected,
): Promise<KnownWeights> {
  const bytes = await loadWeightBytes(weights);
  const trained = await trainedWith(context, bytes, options.history);
  const { activation, bnEpsilon, head } = options;
  const network = options.network ?? trained?.network;
  const known = trained && {
    bnEpsilon: trained.bnEpsilon,
    activation: trained.activation,
    classes: trained.labels?.length,
  };
  const expected = configOf(network ?? USUAL, { ...known });
  const isClear = network !== undefined || namesFit(expected, bytes.content);
  if (onExpected && isClear && sniffWeights(bytes.content)?.readsSlowly) await onExpected(expected, trained);
  const file = await understandWeights(bytes, expected, {
    activation: fixed ?? activation ?? known?.activation,
    bnEpsilon: bnEpsilon ?? known?.bnEpsilon,
    head,
    recognise: network === undefined,
    signal: context.signal,
    onProgress: context.onProgress,
  });
  const { name } = file.config;
  if (network === undefined && name !== USUAL) {
    context.out.say(`${file.path} is of ${name}, by its layers: ${layoutWords(file.config)}`);
  }
  const { inputChannels, classes } = file.config;
  if (trained && trained.inputChannels !== inputChannels) {
    throw new WeightsError(
      `The history of ${file.path} says that it has ${trained.inputChannels} input channels; it has ${inputChannels}.`,
      'Mend that, or take none with `history: false`.',
    );
  }
  sayOverruled(context, file, options);
  if (file.labels || !trained?.labels || !file.report.head) return { file, trained };
  if (trained.labels.length !== classes) {
    throw new WeightsError(
      `The history of ${file.path} names ${trained.labels.length} outputs; it has ${classes}.`,
      'Mend that, or take none with `history: false`.',
    );
  }
  return { file: { ...file, labels: trained.labels }, trained };
}

/** What the options leave out of the file, or say against it. */
function sayOverruled(
  { out }: Pick<WorkContext, 'out'>,
  { path, report }: WeightFile,
  options: WeightOptions,
): void {
  if (report.head && report.leftOver.length > 0) {
    out.warn(
      `${path}: ${report.leftOver.join(', ')} left out. Where they stand between the base and the head, ` +
        'the numbers are others.',
    );
  }
  const { activationInFile: said } = report;
  if (report.head && options.activation && said && said !== 'linear' && said !== options.activation) {
    out.warn(`${path} ends in a ${said}; \`activation\` makes it a ${options.activation}.`);
  }
}
