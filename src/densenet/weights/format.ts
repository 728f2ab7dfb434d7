/** What is asked of a format of weight files; formats.ts lists those there are. */
import type { WorkOptions } from '../../core/work.js';
import type { Optimizer } from '../../training/optimizers/optimizer.js';
import type { OptimizerState } from '../../training/optimizers/state.js';
import type { WeightMap } from '../../training/parameterSpec.js';
import type { DenseNetConfig } from '../architecture.js';
import type { SaidBy, StatedByCaller } from './statedFacts.js';
import type { WeightsMeaning } from './weightsMeaning.js';

/** What every format says of a file. */
export interface WeightsReport {
  /** Which program's way of keeping weights it is. */
  layout: string;
  /** Tensors taken over. */
  tensorCount: number;
  /** False when the file holds no classifier: `tensors` then has no 'dense_1/...', keep the head you have. */
  head: boolean;
  /** Layers or tensors that were not taken, because another was named as the head. */
  leftOver: string[];
  /** Who says what stands behind the outputs, and which epsilon the batch norms have. */
  activationBy: SaidBy;
  bnEpsilonBy: SaidBy;
  /** What the file says of its outputs, which the caller may have overruled; null where it does not. */
  activationInFile: 'sigmoid' | 'softmax' | 'linear' | null;
}

/** What a file's bytes were understood as. */
export interface ReadWeights<Report extends WeightsReport = WeightsReport> extends WeightsMeaning {
  /** Whether such files can name the outputs. Where they cannot, outputs that nobody names are the course's. */
  namesOutputs: boolean;
  /** By ParameterSpec.key; without the head's tensors where `report.head` is false. */
  tensors: WeightMap;
  /** The network to build with these tensors: what was asked for, with what the file says of itself. */
  config: DenseNetConfig;
  /** The optimizer's state, where it was asked for. */
  optimizer?: OptimizerState;
  /** Side of the images where the weights take only one. */
  inputSize: number | null;
  report: Report;
  /** For people. */
  words: {
    /** What the file holds. */
    contents: string;
    /** How `preprocessing` scales pixels; null where there is none. */
    pixels: string | null;
    /** What in it was not understood or not used. */
    notes: readonly string[];
    /** What becomes of it in a training that goes on from it. */
    training: readonly string[];
  };
}

export interface WeightsReadOptions extends StatedByCaller, WorkOptions {
  /**
   * Take blocks, growth rate and widths from the file's own layers, whatever `config` has; `config.name` of the result
   * says which network that is. Default: false, another network is refused.
   */
  recognise?: boolean;
  /**
   * Read the optimizer's state as well, and refuse a file that has none, or where this is `sgd({ ... })` or its like,
   * one of another kind; its settings then hold, the file's where it says nothing. Default: false.
   */
  optimizer?: boolean | Optimizer;
  /**
   * What Keras ran on when it trained the file, for files of Keras 1, which do not say. Kernels of Theano are
   * turned round. Required where a file stores them as [out, in, height, width]; a file's own word goes first.
   */
  backend?: 'tensorflow' | 'theano';
  /** JSON of the architecture where it lies outside the file (config.json of a .keras archive). */
  modelConfig?: string;
}

export interface WeightsWriteOptions extends Partial<WeightsMeaning>, WorkOptions {
  /** False writes the base only, as `DenseNet121(include_top=False)` has it. Default: true. */
  head?: boolean;
  /**
   * Kernels in float16, rounded to nearest; vectors stay float32. A number above 65504 is refused; those below 2^-25
   * become 0 (`lostInHalf` counts them). Of Keras' files and safetensors. Default: false.
   */
  half?: boolean;
  /** The optimizer's state, for formats that have a place for it. */
  optimizer?: OptimizerState;
}

/** What tells a format and its files. */
export interface FormatMarks {
  /** For people. */
  readonly name: string;
  /** The kinds of files it writes, as a user asks for them, each with the endings that their names may have. */
  readonly writes: Readonly<Record<string, readonly string[]>>;
  /** Whether reading keeps the main thread busy for long: what can go on beside it should begin before. */
  readonly readsSlowly: boolean;
  /** Whether a file that begins so, or is so, is of this format. */
  sniff(bytes: Uint8Array): boolean;
}

/** What is done with its files. */
export interface FormatFiles<Report extends WeightsReport = WeightsReport> {
  /** `name` is what errors call the file. @throws WeightsError; there is never half a result */
  read(
    bytes: Uint8Array,
    config: DenseNetConfig,
    name: string,
    options: WeightsReadOptions,
  ): Promise<ReadWeights<Report>>;
  /**
   * @param kind one of `writes`
   * @throws WeightsError for tensors that are not the network's; UsageError for what the format has no place for
   */
  write(
    kind: string,
    tensors: WeightMap,
    config: DenseNetConfig,
    options: WeightsWriteOptions,
  ): Promise<Uint8Array>;
  /** What of the weights' meaning a reader of such a file has to be told, in words. */
  leavesOut(
    kind: string,
    config: DenseNetConfig,
    meaning: Partial<WeightsMeaning>,
  ): string[] | Promise<string[]>;
}

export interface WeightsFormat<Report extends WeightsReport = WeightsReport>
  extends FormatMarks,
    FormatFiles<Report> {}

/** A format whose first file loads what reads and writes such files: a page that opens none carries only its marks. */
export function weightsFormat<Report extends WeightsReport>(
  marks: FormatMarks,
  files: () => Promise<FormatFiles<Report>>,
): WeightsFormat<Report> {
  return {
    ...marks,
    read: async (...file) => (await files()).read(...file),
    write: async (...file) => (await files()).write(...file),
    leavesOut: async (...file) => (await files()).leavesOut(...file),
  };
}
