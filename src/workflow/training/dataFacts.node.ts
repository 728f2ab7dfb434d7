/** What data a training has, as hashes: whether another process finds the same, without a name or a label in it. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { inParallel } from '../../core/parallel/inParallel.js';
import type { Frame } from '../../data/tables/frame.js';
import { imagePath } from '../../data/tables/imageFiles.node.js';
import type { Dataset } from '../data/dataset.node.js';
import { imagesOf } from '../data/inspectImages.node.js';

export interface TableFacts {
  /** Of the training images' names in the order of the rows: what an order of images means. */
  readonly rows: string;
  /** Of all names, patients and labels of the three tables. */
  readonly tables: string;
}

export interface FileFacts {
  /** Of the files' sizes; their contents are not read, which would take hours where there are many. */
  readonly images: string;
  /** Of the times at which they were written. */
  readonly dates: string;
}

export function tableFacts({ train, valid, test }: Dataset): TableFacts {
  const tables = [train, valid, test].flatMap(({ images, classes, labels, patientIds }: Frame) => [
    JSON.stringify([images, classes, patientIds]),
    labels,
  ]);
  return { rows: hashOf([JSON.stringify(train.images)]), tables: hashOf(tables) };
}

/** Some seconds for NIH's 112,120 images, in which other work can go on. Does not reject. */
export async function fileFacts(dataset: Dataset): Promise<FileFacts> {
  const files = await inParallel(imagesOf(dataset), (name) =>
    stat(imagePath(dataset.images, name)).then(
      ({ size, mtimeMs }) => ({ size, written: Math.round(mtimeMs) }),
      () => ({ size: -1, written: 0 }),
    ),
  );
  const hash = (of: (file: (typeof files)[number]) => number) => hashOf([Float64Array.from(files, of)]);
  return { images: hash(({ size }) => size), dates: hash(({ written }) => written) };
}

function hashOf(parts: readonly (string | ArrayBufferView)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) {
    hash.update(
      typeof part === 'string' ? part : new Uint8Array(part.buffer, part.byteOffset, part.byteLength),
    );
  }
  return hash.digest('hex');
}
