/** All that a page of a network's maps shows: made by the workflow, drawn by inspectionPage.ts. */
import type { LayerKind } from '../../densenet/architecture.js';
import type { InspectedMap } from '../../training/inspection/inspect.js';
import type { MapNumbers } from './mapNumbers.js';
import type { Sprite } from './mapSprite.js';

/** The picture of a map, without its pixels. */
export interface MapPicture extends Omit<Sprite, 'indices' | 'palette' | 'transparent'> {
  /** A PNG as data URI. */
  uri: string;
}

/** A map in numbers: what `Model.inspect` says of it but its values. */
export interface ShownMap extends Omit<InspectedMap, 'values' | 'statistics' | 'formula' | 'source'> {
  numbers: MapNumbers;
  /** Of a batch norm: what it went by, each as least and greatest over the channels. */
  statistics?: NormRanges;
  picture?: MapPicture;
}

type Range = readonly [least: number, greatest: number];

export interface NormRanges {
  by: 'batch' | 'moving';
  mean: Range;
  variance: Range;
  gamma: Range;
  beta: Range;
}

/** A layer on the page. */
export interface ShownLayer {
  name: string;
  kind: LayerKind;
  kernel: number;
  stride: number;
  /** Numbers of its tensors; a batch norm's moving averages among them. */
  parameters: number;
}

/** Layers that belong together: a dense layer with its concatenation; of the other parts all of them. */
export interface LayerUnit {
  /** `conv2_block1`; '' where the part has one unit alone. */
  title: string;
  layers: readonly ShownLayer[];
}

/** Stem, dense block, transition, head. */
export interface NetworkPart {
  id: string;
  title: string;
  units: readonly LayerUnit[];
}

/** A dispatch of the plan, timed. */
export interface ShownDispatch {
  /** Layer, or what else it is for: `loss`, `block2`. */
  label: string;
  kernel: string;
  shape: string;
  ns: number;
  flops: number;
  /** On the way back, or behind it. */
  back: boolean;
}

export interface ShownTimes {
  /** By the GPU's own clock; else each dispatch was waited for. */
  byGpu: boolean;
  repeats: number;
  dispatches: readonly ShownDispatch[];
}

export interface ShownOutput {
  label: string;
  /** As the weights' makers show it. */
  probability: number;
  logit: number;
  /** In training: the label, and what it adds to the loss. */
  truth?: number;
  loss?: number;
}

export interface InspectionData {
  /** Of the image. */
  name: string;
  /** `DenseNet121, 14 outputs`, and where its weights come from. */
  network: string;
  weights: string;
  /** What whoever sees a prediction has to be told; null where there is nothing. */
  notice: string | null;
  parameters: number;
  /** The image as decoded and resized, before it is normalised. */
  image: { uri: string; width: number; height: number };
  /** How it is normalised, in words. */
  normalised: string;
  mode: 'inference' | 'training';
  outputs: readonly ShownOutput[];
  /** In training. */
  loss: { title: string; value: number } | null;
  parts: readonly NetworkPart[];
  /** In the order of computation. */
  maps: readonly ShownMap[];
  /** Null where nothing was timed. */
  times: ShownTimes | null;
  /** The layers that were asked for; null where all are there. */
  chosen: string | null;
  /** Which channels of a map are drawn: `the first 32`, `0, 3`. */
  drawn: string;
  adapter: string;
  command: string;
  version: string;
  /** ISO 8601. */
  madeAt: string;
}
