/** What data a training has, as hashes: whether another process finds the same, without a name or a label in it. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
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
  /** When the newest of them was written, in milliseconds since 1970. */
  readonly newest: number;
}

export function tableFacts({ train, valid, test }: Dataset): TableFacts {
  const tables = [train, valid, test].flatMap(({ images, classes, labels, patientIds }: Frame) => [
    JSON.stringify([images, classes, patientIds]),
    labels,
  ]);
  return { rows: hashOf([JSON.stringify(train.images)]), tables: hashOf(tables) };
}

/** Files that are asked at once. */
const AT_ONCE = 32;

/** Some seconds for NIH's 112,120 images, in which other work can go on. Does not reject. */
export async function fileFacts(dataset: Dataset): Promise<FileFacts> {
  const names = imagesOf(dataset);
  const sizes = new Float64Array(names.length);
  let newest = 0;
  let next = 0;
  const ask = async () => {
    while (next < names.length) {
      const i = next++;
      const info = await stat(imagePath(dataset.images, names[i])).catch(() => null);
      sizes[i] = info?.size ?? -1;
      newest = Math.max(newest, Math.round(info?.mtimeMs ?? 0));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
  return { images: hashOf([sizes]), newest };
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
