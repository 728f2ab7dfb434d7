/** What the Reader's element and its worker tell each other, and what one X-ray is to it. */
import type { GradcamMap, OperatingPoint } from 'chexgpu';
import type { AdapterWords } from '../../worker/device.js';

/** Where an X-ray comes from: a file of the reader's, or the n-th drawn phantom. */
export type Source =
  | { readonly kind: 'file'; readonly file: Blob; readonly name: string }
  | { readonly kind: 'phantom'; readonly number: number };

/** A true place of a finding, as shares of width and height. */
export interface TrueBox {
  readonly label: string;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** An X-ray, decoded. */
export interface Decoded {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  /** To show: at most `SHOWN_SIDE` pixels each way. */
  readonly bitmap: ImageBitmap;
  /** For a list: `THUMB_SIDE` pixels each way. */
  readonly thumb: ImageBitmap;
  /** What should be said of its pixels. */
  readonly notes: readonly string[];
  /** Why this is hardly a frontal chest X-ray; empty where it looks like one. */
  readonly doubts: readonly string[];
  /** Only of phantoms. */
  readonly truth: { readonly findings: readonly string[]; readonly boxes: readonly TrueBox[] } | null;
}

/** The network that is loaded. */
export interface Loaded {
  readonly name: string;
  readonly labels: readonly string[];
  /** Side of the images that it was trained on, or the usual one. */
  readonly size: number;
  /** What whoever sees a result is to be told. */
  readonly trust: string;
  /** One per label, and in words where they come from; null where nobody fixed them. */
  readonly points: {
    readonly from: string;
    readonly size: number;
    readonly of: readonly OperatingPoint[];
  } | null;
}

export interface Opened extends Loaded {
  readonly adapter: AdapterWords;
}

export interface Predicted {
  readonly probabilities: Float32Array;
  readonly milliseconds: number;
}

export type Explained = GradcamMap;

/** Longest side of what is shown, in pixels. */
export const SHOWN_SIDE = 1024;
export const THUMB_SIDE = 112;
