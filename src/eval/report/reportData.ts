/**
 * Everything the report shows, as plain typed data. Parts that a run did not do are null or empty and
 * their sections are left out. Figures, tables and report.json are all made from this and nothing else.
 */
import type { EvaluationResult } from '../scores/evaluate.js';

export interface ReportData {
  /** Heading, e.g. 'Chest X-rays on phantoms'. */
  title: string;
  run: RunInfo;
  data: DataSummary | null;
  samples: SampleImage[];
  frequencies: FrequencySummary | null;
  model: ModelSummary | null;
  training: TrainingSummary | null;
  evaluation: EvaluationResult | null;
  gradcam: GradcamRow[];
  /** Absent where no test image has a box. */
  pointing?: PointingSummary;
  /** In the order they ran. */
  timings: PhaseTiming[];
  /** Parts of the run that failed and are missing. */
  problems?: Problem[];
}

/** A part that failed. */
export interface Problem {
  /** E.g. 'Grad-CAM of a.png'. */
  part: string;
  message: string;
}

export interface RunInfo {
  /** Name of the run's folder. */
  name: string;
  /** The command line as typed. */
  command: string;
  seed: number | null;
  /** ISO 8601. */
  startedAt: string;
  /** Wall-clock seconds of the whole run. */
  seconds: number;
  adapter: { name: string; driver: string; software: boolean; reason: string };
  /** E.g. { chexgpu: '0.1.0', node: '20.19.0', webgpu: '0.6.2' }. */
  versions: Record<string, string>;
  /** Settings worth showing, e.g. { 'image size': '320', 'batch size': '8' }. */
  settings: Record<string, string>;
}

/** 8-bit image, `pixels[h,w]` (channels 1) or `pixels[h,w,3]`. Becomes a PNG file beside report.json. */
export interface ReportImage {
  width: number;
  height: number;
  channels: 1 | 3;
  pixels: Uint8Array;
}

export interface DataSummary {
  /** The folder, or 'phantoms'. */
  source: string;
  splits: { name: string; file: string; images: number; patients: number }[];
  /** Every pair of splits with the patients that occur in both. */
  leakage: { a: string; b: string; patientIds: string[] }[];
}

export interface SampleImage {
  file: string;
  patientId: string;
  /** Labels that are 1; empty means no finding. */
  labels: string[];
  image: ReportImage;
}

/** Arrays by class, in the network's order. */
export interface FrequencySummary {
  /** The split they were counted on, e.g. 'train'. */
  split: string;
  labels: string[];
  samples: number;
  /** Images whose label is known, per class. */
  known: number[];
  /** Of these, images with the finding. */
  counts: number[];
  /** counts / known. */
  positive: number[];
  negative: number[];
  /** How the weights of the loss were made, for people: `by class frequencies`. */
  weighting: string;
  /** Whether by frequencies, so that both sides of a class weigh the same. */
  evensSides: boolean;
  positiveWeights: number[];
  negativeWeights: number[];
}

export interface ModelSummary {
  name: string;
  /** Where the weights came from: a file, or the seed. */
  weights: string;
  /** [height, width, channels]. */
  input: [number, number, number];
  layers: number;
  parameters: { total: number; trainable: number; nonTrainable: number };
  /** Multiply-accumulates of one image's forward pass. */
  macs: number;
  stages: ModelStage[];
}

export interface ModelStage {
  name: string;
  detail: string;
  /** [height, width, channels] after the stage. */
  output: [number, number, number];
  layers: number;
  parameters: number;
  macs: number;
}

export interface LossSummary {
  /** As `--loss` has it. */
  name: string;
  title: string;
  /** How one number is made of those of all labels: `mean over the batch, sum over the classes`. */
  reduction: string;
  settings: Readonly<Record<string, unknown>>;
}

export interface TrainingSummary {
  /** What was minimised. */
  loss: LossSummary;
  optimizer: string;
  /** What was asked of callbacks, in words; empty where nothing was. */
  callbacks: readonly string[];
  /** What is frozen and which layers have a rate of their own, in words; empty where all learn alike. */
  layers: readonly string[];
  batchSize: number;
  /** Loss of every step, before its update, over all epochs. */
  stepLosses: number[];
  epochs: EpochRecord[];
  /** The reason that a callback gave to stop; null where all epochs were to be. */
  stopped: string | null;
  /** The epoch, from 1, whose weights the network has: the last, or the best that came back; 0 for those of before. */
  weightsEpoch: number;
  /** Before the first step, where that was looked at: the validation loss, and the mean AUC of the test images. */
  start?: { valLoss: number; meanAuc: number | null };
}

export interface EpochRecord {
  /** From 1. */
  epoch: number;
  steps: number;
  /** Mean of the step losses weighted by batch size, as Keras' history has it. */
  loss: number;
  valLoss: number | null;
  /** Area under the ROC curve on the validation images, mean over the classes that have one; null where none has. */
  valAuc: number | null;
  /** The same by class; empty without a validation, without the classes that have none. */
  valAucs: Readonly<Record<string, number>>;
  /** Of its last step. */
  learningRate: number | null;
  seconds: number;
  imagesPerSecond: number;
}

/** In pixels of the image it is drawn on, x and y at its upper left corner. */
export interface FindingBox {
  label: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Whether the maps of the true positives among the test images point at what was found. */
export interface PointingSummary {
  threshold: number;
  classes: { label: string; maps: number; hits: number; chance: number }[];
  all: { maps: number; hits: number; chance: number };
}

export interface GradcamRow {
  file: string;
  labels: string[];
  /** True locations, where they are known. */
  boxes: FindingBox[];
  image: ReportImage;
  maps: GradcamMap[];
}

export interface GradcamMap {
  label: string;
  probability: number;
  score: 'sigmoid' | 'logit';
  /** map[h,w] in 0..1, of the image's size. */
  map: Float32Array;
  /** Nothing in the image speaks for the class: drawn without colour. */
  empty: boolean;
}

export interface PhaseTiming {
  /** E.g. 'decode', 'forward', 'backward', 'update', 'predict'. */
  phase: string;
  seconds: number;
  /** Images that went through the phase; null where it does not handle images. */
  images: number | null;
}
