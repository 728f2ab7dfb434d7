/** The data of a training: a folder as `chexgpu train` takes it, or phantoms that are drawn as they are needed. */
import {
  contributions,
  DataError,
  decodeBlob,
  type Frame,
  frameFrequencies,
  LABELS,
  lossWeights,
  type PixelImage,
  patientLeakage,
  resize,
} from 'chexgpu';
import { drawPhantom, makeCohort, type PhantomSpec } from 'chexgpu/phantoms';
import { shownPhantom } from '../../reader/inWorker/phantom.js';
import type { TrueBox } from '../../reader/types.js';
import type { DataFacts, FolderFile, PhantomWishes } from '../types.js';
import { parseFrame, repeatedImages, sharedImages } from './inside.js';

const SPLITS = ['train', 'valid', 'test'] as const;
type Split = (typeof SPLITS)[number];
type Frames = Readonly<Record<Split, Frame>>;

/** Resized images that are held in memory. */
const CACHE_BYTES = 400e6;

/** An image as it is shown: not resized to what the network takes. */
export interface Original {
  readonly image: PixelImage;
  readonly boxes: readonly TrueBox[];
}

export interface TrainingData {
  readonly frames: Frames;
  readonly facts: DataFacts;
  readonly phantoms: PhantomWishes | null;
  /** Equal for equal data. */
  readonly fingerprint: string;
  /** What whoever sees a prediction of a network of these data is to be told; null where there is nothing. */
  readonly notice: string | null;
  /** The image at this side, by Keras' nearest neighbour. */
  load(name: string, size: number): Promise<PixelImage>;
  original(name: string): Promise<Original>;
}

async function sha256(text: string): Promise<string> {
  const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  return [...sum].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Images that were loaded stay, while there is room. */
function remembering(load: (name: string, size: number) => Promise<PixelImage>) {
  const held = new Map<string, PixelImage>();
  let bytes = 0;
  return async (name: string, size: number): Promise<PixelImage> => {
    const key = `${size} ${name}`;
    const known = held.get(key);
    if (known) return known;
    const image = await load(name, size);
    if (bytes + image.data.length <= CACHE_BYTES && !held.has(key)) {
      bytes += image.data.length;
      held.set(key, image);
    }
    return image;
  };
}

/** What the notebook looks at before it trains. */
function factsOf(frames: Frames, kind: DataFacts['kind'], name: string): DataFacts {
  const { train } = frames;
  const frequencies = frameFrequencies(train);
  const weighted = contributions(frequencies, lossWeights(frequencies));
  const shared = sharedImages(frames);
  const counts = Array.from(frequencies.positive, (share) => Math.round(share * train.images.length));
  return {
    kind,
    name,
    labels: train.classes,
    splits: SPLITS.map((split) => ({
      name: split,
      images: frames[split].images.length,
      patients: new Set(frames[split].patientIds).size,
    })),
    leaks: patientLeakage(frames).map(({ between, patientIds }, pair) => ({
      between,
      patients: patientIds,
      images: shared[pair].images.length,
    })),
    counts,
    positive: [...frequencies.positive],
    negative: [...frequencies.negative],
    weightedPositive: [...weighted.positive],
    weightedNegative: [...weighted.negative],
    warnings: warningsOf(frames, counts),
  };
}

function warningsOf(frames: Frames, counts: readonly number[]): string[] {
  const { train } = frames;
  const never = train.classes.filter((_, c) => counts[c] === 0);
  const always = train.classes.filter((_, c) => counts[c] === train.images.length);
  const repeated = SPLITS.filter((split) => repeatedImages(frames[split]).length > 0);
  return [
    ...(never.length > 0 ? [`No training image has ${never.join(', ')}: that cannot be learnt.`] : []),
    ...(always.length > 0 ? [`Every training image has ${always.join(', ')}: that cannot be learnt.`] : []),
    ...(repeated.length > 0 ? [`In ${repeated.join(', ')} an image occurs more than once.`] : []),
  ];
}

/**
 * Phantoms, planned at once and drawn when they are needed.
 * @throws UsageError for fewer than 3, or a seed that cannot be
 */
export async function phantomData(phantoms: PhantomWishes): Promise<TrainingData> {
  const cohort = makeCohort({ ...phantoms, balanced: true });
  const specs = new Map<string, PhantomSpec>(cohort.map((spec) => [spec.image, spec]));
  const frame = (split: Split): Frame => {
    const rows = cohort.filter((spec) => spec.split === split);
    return {
      file: `phantoms/${split}.csv`,
      images: rows.map(({ image }) => image),
      patientIds: rows.map(({ patientId }) => String(patientId)),
      classes: LABELS,
      labels: Uint8Array.from(rows.flatMap(({ labels }) => labels)),
      lines: rows.map((_, row) => row + 2),
    };
  };
  const frames = { train: frame('train'), valid: frame('valid'), test: frame('test') };
  const specOf = (name: string) => specs.get(name)!;
  return {
    frames,
    phantoms,
    facts: factsOf(frames, 'phantoms', `${phantoms.images} phantoms`),
    fingerprint: await sha256(JSON.stringify(phantoms)),
    notice: 'trained on drawings; says nothing of a patient',
    load: remembering(async (name, size) => ({
      width: size,
      height: size,
      channels: 1,
      data: drawPhantom(specOf(name), size).pixels,
    })),
    original: async (name) => shownPhantom(specOf(name)),
  };
}

/** The folder that holds train.csv, '' for the one chosen itself; the shortest path where there are several. */
function rootOf(files: ReadonlyMap<string, File>): string {
  const found = [...files.keys()]
    .filter((path) => path === 'train.csv' || path.endsWith('/train.csv'))
    .sort((a, b) => a.length - b.length);
  if (found.length > 0) return found[0].slice(0, -'train.csv'.length);
  throw new DataError(
    'There is no train.csv in this folder.',
    'Give a folder with train.csv, valid.csv, test.csv and images/.',
  );
}

async function readFrames(files: ReadonlyMap<string, File>, root: string) {
  const texts: string[] = [];
  const frames: Partial<Record<Split, Frame>> = {};
  for (const split of SPLITS) {
    const file = files.get(`${root}${split}.csv`);
    if (!file) throw new DataError(`There is no ${split}.csv beside train.csv.`, 'All three are needed.');
    const text = await file.text();
    texts.push(text);
    frames[split] = parseFrame(text, `${split}.csv`);
  }
  return { texts, frames: frames as Frames };
}

/**
 * A folder with train.csv, valid.csv, test.csv and images/.
 * @throws DataError naming file, line and column of what is wrong, or images that are not there
 */
export async function folderData(list: readonly FolderFile[]): Promise<TrainingData> {
  const files = new Map(list.map(({ path, file }) => [path, file]));
  const root = rootOf(files);
  const { texts, frames } = await readFrames(files, root);
  const imageOf = (name: string) => files.get(`${root}images/${name}`);
  for (const split of SPLITS) {
    const { images, lines } = frames[split];
    const missing = images.flatMap((image, row) => (imageOf(image) ? [] : [row]));
    if (missing.length === 0) continue;
    const more = missing.length > 1 ? ` (${missing.length} of ${images.length} rows are so)` : '';
    throw new DataError(
      `${split}.csv, line ${lines[missing[0]]}: images/${images[missing[0]]} is not there${more}.`,
      'Add the image, or take the row out.',
    );
  }
  // Of the pictures their sizes are enough: all of their bytes would have to be read.
  const sizes = SPLITS.flatMap((split) => frames[split].images.map((image) => imageOf(image)!.size));
  const read = (name: string) => decodeBlob(imageOf(name)!, name, 'depth');
  return {
    frames,
    phantoms: null,
    facts: factsOf(frames, 'folder', 'The folder'),
    fingerprint: await sha256(JSON.stringify([texts, sizes])),
    notice: null,
    load: remembering(async (name, size) => resize(await read(name), size, size)),
    original: async (name) => ({ image: await read(name), boxes: [] }),
  };
}
