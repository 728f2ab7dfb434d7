/** The pictures that the explorer begins with: phantoms by number, drawn here. */
import {
  type ImagePreparation,
  imagePreparation,
  LABELS,
  type Labelled,
  type PixelBatch,
  type PixelImage,
  SAMPLEWISE,
  xrayBatch,
} from 'chexgpu';
import { numberedPhantom, type PhantomSpec } from 'chexgpu/phantoms';
import type { ExplorerNetwork } from '../networks.js';

export interface Picture {
  readonly name: string;
  readonly image: PixelImage;
  /** labels[14] that it was drawn with; null of a file. */
  readonly truth: PhantomSpec['labels'] | null;
}

/** @param id `phantom1`, ... @returns null for another id */
export function phantomPicture(id: string): Picture | null {
  const number = Number(/^phantom(\d{1,2})$/.exec(id)?.[1]);
  if (!(number >= 1 && number <= 60)) return null;
  return { name: `phantom ${number}`, ...numberedPhantom(number) };
}

export type Preparation = Pick<ImagePreparation, 'interpolation' | 'normalisation'>;

/** How pictures become input for these weights. */
export const preparationOf = (
  read: Parameters<typeof imagePreparation>[0],
  { title }: ExplorerNetwork,
): Preparation => imagePreparation(read, null, {}, undefined, title);

/**
 * A picture as the network is given it.
 * @param names of the network's outputs
 * @param positive outputs that the loss takes for true; null: those that the picture was drawn with
 * @param preparation as the weights were taught
 */
export function labelledBatch(
  { size }: ExplorerNetwork,
  picture: Picture,
  names: readonly string[],
  positive: readonly number[] | null,
  { interpolation, normalisation }: Preparation,
): Labelled<PixelBatch> {
  const options = { interpolation, normalisation: normalisation ?? SAMPLEWISE };
  const batch = xrayBatch(picture.image, size, picture.name, options);
  const isTrue = (name: string) => picture.truth?.[(LABELS as readonly string[]).indexOf(name)] === 1;
  const labels = names.map((name, c) => (positive ? positive.includes(c) : isTrue(name)));
  return { ...batch, labels: Float32Array.from(labels, Number) };
}
