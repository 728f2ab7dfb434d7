/** The pictures that the explorer begins with: phantoms by number, drawn here. */
import { LABELS, type Labelled, type PixelBatch, type PixelImage, SAMPLEWISE, xrayBatch } from 'chexgpu';
import { drawPhantom, makeCohort, type PhantomSpec } from 'chexgpu/phantoms';
import type { ExplorerNetwork } from '../networks.js';

/** The cohort of `chexgpu phantoms` as it is without flags, so that its first picture is phantom 1. */
const COHORT = { images: 60, seed: 1 };
/** Side in pixels; the network's own comes of it by `xrayBatch`. */
const SIDE = 320;

export interface Picture {
  readonly name: string;
  readonly image: PixelImage;
  /** labels[14] that it was drawn with; null of a file. */
  readonly truth: PhantomSpec['labels'] | null;
}

/** @param id `phantom1`, ... @returns null for another id */
export function phantomPicture(id: string): Picture | null {
  const number = Number(/^phantom(\d{1,2})$/.exec(id)?.[1]);
  const spec = makeCohort(COHORT)[number - 1];
  if (!spec) return null;
  const { pixels: data } = drawPhantom(spec, SIDE);
  return {
    name: `phantom ${number}`,
    image: { width: SIDE, height: SIDE, channels: 1, data },
    truth: spec.labels,
  };
}

/**
 * A picture as the network is given it.
 * @param names of the network's outputs
 * @param positive outputs that the loss takes for true; null: those that the picture was drawn with
 */
export function labelledBatch(
  { size }: ExplorerNetwork,
  picture: Picture,
  names: readonly string[],
  positive: readonly number[] | null,
): Labelled<PixelBatch> {
  const batch = xrayBatch(picture.image, size, picture.name, { normalisation: SAMPLEWISE });
  const isTrue = (name: string) => picture.truth?.[(LABELS as readonly string[]).indexOf(name)] === 1;
  const labels = names.map((name, c) => (positive ? positive.includes(c) : isTrue(name)));
  return { ...batch, labels: Float32Array.from(labels, Number) };
}
