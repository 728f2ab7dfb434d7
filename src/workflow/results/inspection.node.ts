/** What a network computes for one X-ray, map by map, in numbers and pictures: what a page of it is drawn from. */
import { NonFiniteError } from '../../core/errors.js';
import type { DenseNet } from '../../densenet/densenet.js';
import type { Gpu } from '../../engine/device/gpu.js';
import { profilePlan } from '../../engine/timing/profile.js';
import { encodePng, pngUri } from '../../eval/explain/overlay.node.js';
import { indexedPng } from '../../eval/inspection/indexedPng.js';
import type {
  InspectionData,
  MapPicture,
  NormRanges,
  ShownMap,
  ShownOutput,
  ShownTimes,
} from '../../eval/inspection/inspectionData.js';
import { mapNumbers, runWords } from '../../eval/inspection/mapNumbers.js';
import { mapSprite, type SpriteOptions } from '../../eval/inspection/mapSprite.js';
import { networkParts } from '../../eval/inspection/networkParts.js';
import type { PixelBatch } from '../../training/batch.js';
import type { InspectedMap, NormStatistics } from '../../training/inspection/inspect.js';
import { selectLayers } from '../../training/layers/layerNames.js';
import type { Loss, LossChoice } from '../../training/losses/loss.js';
import type { Network } from '../../training/network.js';
import type { Classifier } from '../prediction/classifier.node.js';
import { shownProbabilities } from '../prediction/outputs.js';
import type { WorkContext } from '../reporter.js';

export interface InspectionOptions extends SpriteOptions {
  /** In training: what is minimised, the labels that are positive, and whether gradients are shown. */
  training: { loss: LossChoice; positive: readonly string[]; gradients: boolean } | null;
  /** Layers by name, block or pattern; default all. */
  layers?: readonly string[];
}

/** What the inspection makes of an `InspectionData`. */
export type Inspected = Pick<
  InspectionData,
  'mode' | 'outputs' | 'loss' | 'parts' | 'maps' | 'times' | 'chosen' | 'drawn' | 'image'
>;

/** Kinds that are no map of a layer: they are in the table of outputs. */
const OF_OUTPUTS: readonly InspectedMap['kind'][] = ['probabilities', 'loss terms', 'loss'];
const REPEATS = 3;

/** @throws UsageError for layers that there are not */
export function chosenLayers(network: Network, patterns: readonly string[] | undefined): Set<string> | null {
  if (!patterns) return null;
  const layers = (network.layers ?? []).map(({ name }) => ({ layer: name }));
  const named = { name: network.name, parameters: layers };
  return new Set(patterns.flatMap((pattern) => selectLayers('`layers`', named, pattern)));
}

/** Every class counts alike: there are no frequencies to weigh it by. */
function lossWithoutTable({ kind, settings }: LossChoice, labels: readonly string[]): Loss {
  const ones = labels.map(() => 1);
  return kind.make(settings, { posWeights: ones, negWeights: ones, unknownLabels: labels.includes('') });
}

/**
 * @param batch one image, without labels
 * @param model its weights change where a training is timed: nobody else may need them
 * @throws UsageError for layers or labels that there are not
 */
export async function inspectImage(
  context: WorkContext,
  gpu: Gpu,
  model: DenseNet,
  { config, outputs }: Pick<Classifier, 'config' | 'outputs'>,
  given: PixelBatch,
  options: InspectionOptions,
): Promise<Inspected> {
  const { training } = options;
  const chosen = chosenLayers(model.network, options.layers);
  const truths = training && truthsOf(outputs.labels, training.positive);
  const batch = truths ? { ...given, labels: truths } : given;
  const loss = training && lossWithoutTable(training.loss, outputs.labels);
  if (loss) await model.compile({ loss });
  const maps: ShownMap[] = [];
  const said = new Map<string, Float32Array>();
  const isChosen = (name: string) =>
    !chosen || [...chosen].some((one) => name === one || name.startsWith(`${one}/`));
  const bar = { at: null as ReturnType<WorkContext['out']['progress']> | null };
  await model.inspect(
    batch,
    async (map) => {
      if (OF_OUTPUTS.includes(map.kind) || map.kind === 'dense') said.set(map.kind, map.values);
      if (!OF_OUTPUTS.includes(map.kind) && isChosen(map.name)) maps.push(await shownMap(map, options));
    },
    {
      mode: training ? 'training' : 'inference',
      gradients: training?.gradients ?? false,
      only: ({ name, kind }) => OF_OUTPUTS.includes(kind) || kind === 'dense' || isChosen(name),
      signal: context.signal,
      onProgress: ({ phase, done, total = 0, note }) => {
        if (phase !== 'inspect') return;
        bar.at ??= context.out.progress('Reading what each layer gives', total, 'maps');
        bar.at.update(done, note);
      },
    },
  );
  context.out.endProgress();
  const [value] = said.get('loss') ?? [];
  return {
    mode: training ? 'training' : 'inference',
    outputs: outputRows(outputs, said, truths),
    loss: loss && { title: loss.title, value },
    parts: networkParts(config),
    maps,
    times: await timesOf(context, gpu, model, batch, training !== null),
    chosen: options.layers?.join(', ') ?? null,
    drawn: options.channels ? runWords(options.channels) : `the first ${options.maxMaps}`,
    image: await pictureOf(given),
  };
}

/** labels[1,classes]: 1 for those that are positive, NaN for outputs that were never trained. */
function truthsOf(labels: readonly string[], positive: readonly string[]): Float32Array {
  return Float32Array.from(labels, (label) => (label === '' ? Number.NaN : Number(positive.includes(label))));
}

function outputRows(
  outputs: Classifier['outputs'],
  said: ReadonlyMap<string, Float32Array>,
  truths: Float32Array | null,
): ShownOutput[] {
  const { labels } = outputs;
  const shown = shownProbabilities(outputs, said.get('probabilities')!);
  const terms = said.get('loss terms');
  return labels.flatMap((label, k) => {
    if (label === '') return [];
    const own = { label, probability: shown[k], logit: said.get('dense')![k] };
    if (!truths) return [own];
    const loss = terms && -terms[k] - terms[labels.length + k];
    return [{ ...own, truth: truths[k], loss }];
  });
}

async function pictureOf({ width, height, channels, pixels }: PixelBatch): Promise<InspectionData['image']> {
  return { uri: pngUri(await encodePng({ width, height, channels, pixels })), width, height };
}

async function shownMap(map: InspectedMap, options: InspectionOptions): Promise<ShownMap> {
  const { values, statistics, formula: _, source: __, ...facts } = map;
  return {
    ...facts,
    numbers: mapNumbers(values),
    ...(statistics && { statistics: rangesOf(statistics) }),
    ...(await pictured(map, options)),
  };
}

/** A picture of the map and of its gradient; what is passed on, and gradients of weights, in numbers alone. */
async function pictured({ kind, shape, values }: InspectedMap, options: InspectionOptions) {
  if (kind === 'gradient of weights' || kind.startsWith('gradient through')) return {};
  const sprite = mapSprite(shape, values, kind === 'input', options);
  if (!sprite) return {};
  const { indices: _, palette: __, transparent: ___, ...facts } = sprite;
  const png = Buffer.from(await indexedPng(sprite));
  const picture: MapPicture = { ...facts, uri: pngUri(png) };
  return { picture };
}

function rangesOf({ by, mean, variance, gamma, beta }: NormStatistics): NormRanges {
  const range = (values: Float32Array) => {
    const { least, greatest } = mapNumbers(values);
    return [least, greatest] as const;
  };
  return { by, mean: range(mean), variance: range(variance), gamma: range(gamma), beta: range(beta) };
}

/** Null where a training cannot be timed, as its numbers are not finite. */
async function timesOf(
  { out, signal }: WorkContext,
  gpu: Gpu,
  model: DenseNet,
  batch: PixelBatch,
  training: boolean,
): Promise<ShownTimes | null> {
  try {
    if (training) await model.trainStep(batch, { signal });
    else await model.predict(batch, { signal });
  } catch (error) {
    if (!(error instanceof NonFiniteError)) throw error;
    out.warn(`Nothing is timed: ${error.message}`);
    return null;
  }
  const plan = await model.planOf(training ? 'train' : 'predict', 1, batch.height, { signal });
  const bar = out.progress('Timing every dispatch', REPEATS, 'runs');
  const { clock, repeats, dispatches } = await profilePlan(gpu, plan, {
    repeats: REPEATS,
    signal,
    onProgress: ({ done, total }) => bar.update(done, '', total),
  });
  out.endProgress();
  const lastOfLoss = dispatches.findLastIndex(({ op }) => op.startsWith('loss.'));
  return {
    byGpu: clock === 'gpu',
    repeats,
    dispatches: dispatches.map(({ label, op, variant, shape, ns, flops }, i) => ({
      label,
      kernel: `${op}.${variant}`,
      shape,
      ns,
      flops,
      back: i > lastOfLoss,
    })),
  };
}
