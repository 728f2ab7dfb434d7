/**
 * What every layer of a network computes for a batch, map by map, forward and back: for comparing with another engine,
 * for finding the first layer that went wrong, and for showing how the network works. It runs on copies of the weights
 * and leaves the model as it is.
 */
import {
  floats,
  kindOf,
  oneOf,
  requireFields,
  requireFunction,
  shown,
  trueOrFalse,
} from '../../core/arguments.js';
import { UsageError, WeightsError } from '../../core/errors.js';
import { tell, WORK, type WorkOptions } from '../../core/work.js';
import type { Dispatch } from '../../engine/plan/plan.js';
import { recordPlan } from '../../engine/plan/recordPlan.js';
import { shaderFile } from '../../shaders/shaderFile.js';
import type { Labelled } from '../batch.js';
import type { ModelContext } from '../model/context.js';
import type { TrainingState } from '../model/trainingState.js';
import type { JobWork } from '../model/turns.js';
import type { ParameterTable, WeightMap } from '../parameterSpec.js';
import { FORMULAS, type Formula, type MapKind } from './formulas.js';
import { type Item, itemsOf } from './items.js';
import type { PassedNorm } from './layerMaps.js';
import { type RanPass, runPass } from './pass.js';
import { readMap } from './readMap.js';
import { KeepingBuilder, type Source } from './source.js';
import type { Trace } from './trace.js';

/** Numbers of a batch norm, one per channel. */
export interface NormStatistics {
  /** What it went by: statistics of this batch, or the moving averages. */
  by: 'batch' | 'moving';
  /** Biased, of all pixels of the batch, where it went by them. */
  mean: Float32Array;
  variance: Float32Array;
  gamma: Float32Array;
  beta: Float32Array;
  epsilon: number;
  movingMean: Float32Array;
  movingVariance: Float32Array;
  /** What a training step would make of the moving averages. */
  next?: { movingMean: Float32Array; movingVariance: Float32Array };
}

/** A map with what made it. */
export interface InspectedMap extends Formula {
  /** Keras' name of the layer; of a weight's gradient that of the tensor, `conv1/conv/kernel`. */
  name: string;
  kind: MapKind;
  /** [b,h,w,c], h and w 1 behind the global pool; loss terms [b,1,2,classes]; of a weight its own shape. */
  shape: readonly number[];
  /** In C order. */
  values: Float32Array;
  /**
   * The kernel that wrote it, e.g. `conv.forward.tiled`; null where none did: of a batch that came normalised and of a
   * concatenation.
   */
  kernel: string | null;
  constants: Readonly<Record<string, number>>;
  /** The kernel's WGSL, from the root of the source tree. */
  file: string | null;
  /** Index of its dispatch in `planOf('train', ...)`; null for others, and in inference. */
  dispatch: number | null;
  /** The pass never stores this map: it was made beside it, of what the pass stores. */
  beside: boolean;
  /** Of a batch norm. */
  statistics?: NormStatistics;
  /** Of the gradient of a map that several layers read: those whose gradients (`gradient through ...`) add up to it. */
  addends?: readonly string[];
}

/** What an inspection shows. */
export interface InspectOptions extends WorkOptions {
  /**
   * `inference` (the default) goes by moving averages and needs no labels. `training` is the pass of the next
   * `trainStep` on this batch, to the bit, and needs `compile`.
   */
  mode?: 'inference' | 'training';
  /**
   * In training: on the way back the gradients of all maps and of all weights that learn, of this batch alone and
   * before clipping; last that of the normalised input, which no step computes. Default: false.
   */
  gradients?: boolean;
  /** Which maps to read; the others cost nothing. Default: all. */
  only?: (map: Pick<InspectedMap, 'name' | 'kind' | 'shape'>) => boolean;
  /** Tensors that take the place of the model's in this inspection alone, by name: what if. */
  weights?: WeightMap;
}

/** The model's side of an inspection. */
export interface InspectedModel {
  readonly context: ModelContext;
  readonly state: TrainingState;
  /** Runs when no other call does. */
  next<T>(job: (work: JobWork) => Promise<T>): Promise<T>;
  /** Handed over, as importing it from here would cost a page that predicts a file of its own. */
  requireKnownLabels(batch: Labelled): void;
}

/**
 * `Model.inspect`.
 * @param batch admitted, with labels in training
 */
export async function inspectMaps(
  { context, state, next, requireKnownLabels }: InspectedModel,
  batch: Labelled,
  visit: (map: InspectedMap) => Promise<void>,
  options: InspectOptions,
): Promise<void> {
  const { mode = 'inference', gradients = false, only = () => true, weights = new Map() } = options;
  requireFields('The options of inspect', options, ['mode', 'gradients', 'only', 'weights', ...WORK]);
  oneOf('mode', mode, ['inference', 'training']);
  requireFunction('only', only);
  if (trueOrFalse('gradients', gradients) && mode !== 'training') {
    throw new UsageError(
      'There are no gradients in inference.',
      "Inspect with { mode: 'training', gradients }.",
    );
  }
  checkChanged(context.network, weights);
  let pass: RanPass | undefined;
  try {
    const { ran, items } = await next(async (work) => {
      const training = mode === 'training' ? state.compiled('inspecting a training pass') : null;
      if (training && !training.loss.unknownLabels) requireKnownLabels(batch);
      await context.average.show(training ? 'trained' : 'average');
      const ran = await runPass(context, batch, training, weights, work);
      pass = ran;
      const all = itemsOf(context.network, ran, gradients);
      const shape = ({ shape, source }: Item) => shape ?? source.shape;
      return {
        ran,
        items: all.filter((item) => only({ name: item.name, kind: item.kind, shape: shape(item) })),
      };
    });
    for (const [i, item] of items.entries()) {
      const map = await next(async (work) => {
        await tell(work, { phase: 'inspect', done: i, total: items.length, unit: 'maps', note: item.name });
        return read(context, ran, item, work);
      });
      await visit(map);
    }
  } finally {
    pass?.dispose();
  }
}

/** @throws WeightsError for a tensor that there is not, or of another size */
function checkChanged({ name, parameters }: ParameterTable, weights: WeightMap): void {
  if (kindOf(weights) !== 'Map') {
    throw new WeightsError(`weights is ${shown(weights)}; it must be a Map of Float32Arrays by name.`);
  }
  for (const [key, values] of weights) {
    const size = parameters.find((spec) => spec.key === key)?.size;
    if (size === undefined) throw new WeightsError(`weights holds ${key}, which ${name} has not.`);
    if (floats(`weights: ${key}`, values).length !== size) {
      throw new WeightsError(`weights: ${key} has ${values.length} numbers where ${name} wants ${size}.`);
    }
  }
}

async function read(context: ModelContext, pass: RanPass, item: Item, work: JobWork): Promise<InspectedMap> {
  const { name, kind, source, norm, addends } = item;
  const { values, dispatch } = await valuesOf(context, pass, item, work);
  const inStep = pass.training && source.stored && dispatch && pass.trace.dispatches.includes(dispatch);
  return {
    name,
    kind,
    shape: item.shape ?? source.shape,
    values,
    ...FORMULAS[kind],
    kernel: dispatch?.kernel.name ?? null,
    constants: { ...dispatch?.constants },
    file: dispatch ? shaderFile(dispatch.kernel) : null,
    dispatch: inStep ? dispatch.index : null,
    beside: !source.stored,
    ...(norm && { statistics: await statistics(context, pass, name, norm) }),
    ...(addends && { addends }),
  };
}

interface Made {
  values: Float32Array;
  dispatch: Dispatch | undefined;
}

/** From where the pass keeps it, or from a plan of its own. */
async function valuesOf(context: ModelContext, pass: RanPass, item: Item, work: JobWork): Promise<Made> {
  const { gpu, variants, kernels } = context;
  const { name, kind, source } = item;
  if (source.stored) {
    const trace: Trace = kind === 'input' ? pass.preprocessing : pass.trace;
    const writer = trace.writerOf(source.stored);
    // A concatenation is there when its last layer is.
    const isOwn = kind !== 'concat' || writer?.label === name;
    return { values: await readMap(gpu, source.stored), dispatch: isOwn ? writer : undefined };
  }
  const make = () => new KeepingBuilder(gpu, `inspect ${kind} ${name}`, { variants, kernels });
  const { builder, recorded: tensor } = await recordPlan(gpu, make, (plan) => source.record(plan), work);
  const plan = await builder.build(work);
  try {
    await gpu.guarded(plan.label, () => plan.run());
    return { values: await readMap(gpu, tensor), dispatch: plan.dispatches[plan.dispatches.length - 1] };
  } finally {
    plan.dispose();
  }
}

async function statistics(
  { gpu, network }: ModelContext,
  { parameters, training }: RanPass,
  name: string,
  { stats, fixed }: PassedNorm,
): Promise<NormStatistics> {
  const pair = async (tensor: Source['stored']) => {
    const values = await readMap(gpu, tensor!);
    return [values.subarray(0, values.length / 2), values.subarray(values.length / 2)];
  };
  const [mean, variance] = await pair(stats);
  const [gamma, beta] = await pair(parameters.view('weights', `${name}/gammaBeta`));
  const [movingMean, movingVariance] = await pair(parameters.view('moving', `${name}/moving`));
  const { epsilon } = network.batchNorms.find((norm) => norm.name === name)!;
  const own = { mean, variance, gamma, beta, epsilon, movingMean, movingVariance };
  if (!training) return { by: 'moving', ...own };
  const [nextMean, nextVariance] = await pair(parameters.view('nextMoving', `${name}/moving`));
  return {
    by: fixed ? 'moving' : 'batch',
    ...own,
    next: { movingMean: nextMean, movingVariance: nextVariance },
  };
}
