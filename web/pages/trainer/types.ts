/** What the Trainer's element and its worker tell each other: plain data, which a message can carry. */
import type { EvaluationResult } from 'chexgpu';
import type { AdapterWords } from '../../worker/device.js';
import type { TrueBox } from '../reader/types.js';

/** Side of the images that the network in the box was trained on. */
export const BOX_SIZE = 224;

/** A file of a folder, with its path below what was chosen or dropped. */
export interface FolderFile {
  readonly path: string;
  readonly file: File;
}

/** Phantoms to draw. */
export interface PhantomWishes {
  readonly images: number;
  readonly seed: number;
}

export interface LeakWords {
  readonly between: readonly [string, string];
  /** Patients in both splits. */
  readonly patients: readonly string[];
  /** Images in both, under whichever patient. */
  readonly images: number;
}

/** What is to be known of the data before they are trained on; numbers per class in the order of `labels`. */
export interface DataFacts {
  readonly kind: 'folder' | 'phantoms';
  /** "60 phantoms". */
  readonly name: string;
  readonly labels: readonly string[];
  readonly splits: readonly {
    readonly name: string;
    readonly images: number;
    readonly patients: number;
  }[];
  readonly leaks: readonly LeakWords[];
  /** Training images with each finding. */
  readonly counts: readonly number[];
  /** Shares of training images with and without each. */
  readonly positive: readonly number[];
  readonly negative: readonly number[];
  /** The same, each times its weight in the loss. */
  readonly weightedPositive: readonly number[];
  readonly weightedNegative: readonly number[];
  readonly warnings: readonly string[];
}

/** A number or a switch that something can be made with. */
export interface SettingWords {
  readonly name: string;
  readonly help: string;
  /** Undefined where it has none of its own. */
  readonly default?: number | boolean;
}

/** Something of a registry. */
export interface KindWords {
  readonly name: string;
  readonly title: string;
  readonly help: string;
  readonly settings: readonly SettingWords[];
  /** Of a callback: whether it goes by the log that is watched. */
  readonly watches?: boolean;
  /** Of a callback: the setting that it cannot do without. */
  readonly own?: string;
}

/** Everything that there is to choose from, read off the library's registries. */
export interface Choices {
  readonly networks: readonly string[];
  readonly optimizers: readonly KindWords[];
  readonly losses: readonly KindWords[];
  readonly schedules: readonly KindWords[];
  readonly callbacks: readonly KindWords[];
  readonly monitors: readonly string[];
}

/** Something chosen by name; settings that are left out have their defaults. */
export interface Chosen {
  readonly name: string;
  readonly settings: Readonly<Record<string, number | boolean>>;
}

export type Start = 'box' | 'scratch' | 'file';

/** What is asked of a training. */
export interface Wishes {
  readonly start: Start;
  /** Of a training from scratch. */
  readonly network: string;
  readonly size: number;
  readonly batchSize: number;
  readonly epochs: number;
  /** 0: all of the training images. */
  readonly stepsPerEpoch: number;
  readonly seed: number;
  /** What the moving averages of batch norms keep per step. */
  readonly bnMomentum: number;
  readonly optimizer: Chosen;
  readonly loss: Chosen;
  readonly schedule: Chosen | null;
  readonly callbacks: readonly Chosen[];
  /** The log that callbacks go by. */
  readonly monitor: string;
  /** Steps between two checkpoints; there is one at the end of every epoch as well. */
  readonly checkpointEvery: number;
}

export interface Opened {
  readonly adapter: AdapterWords;
  readonly choices: Choices;
  /** Wishes to begin with: from the network in the box, and from scratch. */
  readonly usual: Readonly<Record<'box' | 'scratch', Wishes>>;
  readonly kept: Kept | null;
}

/** An epoch in numbers. */
export interface EpochPoint {
  /** Steps taken when it ended, from the first of the training. */
  readonly steps: number;
  readonly loss: number;
  readonly valLoss: number | null;
  readonly valAuc: number | null;
  readonly seconds: number;
}

/** What has been of a training. */
export interface Curves {
  readonly stepLosses: readonly number[];
  readonly epochs: readonly EpochPoint[];
}

/** A training that waits in this browser. */
export interface Kept {
  /** Of this document: another version of the page knows another one. */
  readonly format: 1;
  readonly wishes: Wishes;
  readonly data: { readonly kind: DataFacts['kind']; readonly phantoms: PhantomWishes | null };
  /** Of the data: it goes on with the same only. */
  readonly fingerprint: string;
  /** Epochs that are over, steps of the next one, and how many it has. */
  readonly epoch: number;
  readonly step: number;
  readonly steps: number;
  /** Whether nothing but its scores is left. */
  readonly isOver: boolean;
  readonly curves: Curves;
  /** Whether the kernels that it was trained with are known to be right. */
  readonly checked: boolean;
}

/** A step that was taken. */
export interface StepWords {
  readonly epoch: number;
  readonly epochs: number;
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly imagesPerSecond: number;
}

/** A file that a callback wrote. */
export interface KeptFile {
  readonly name: string;
  readonly bytes: number;
}

/** What a training came to. */
export interface Results {
  readonly evaluation: EvaluationResult;
  /** Why it stopped before its last epoch; null where it did not. */
  readonly stopped: string | null;
  /** "The weights are those of epoch 2, the best by val_loss." */
  readonly weights: string;
  readonly testImages: readonly string[];
  /** The first of them with the finding that came out best. */
  readonly firstShown: number;
  readonly files: readonly KeptFile[];
}

export type Outcome =
  | { readonly state: 'paused'; readonly kept: Kept }
  | { readonly state: 'done'; readonly results: Results };

/** A test X-ray with what the network says of it. */
export interface TestImage {
  readonly name: string;
  readonly bitmap: ImageBitmap;
  readonly probabilities: Float32Array;
  /** What its labels say. */
  readonly truth: readonly string[];
  readonly boxes: readonly TrueBox[];
}

export interface Download {
  readonly name: string;
  readonly blob: Blob;
}
