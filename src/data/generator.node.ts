/** Image generators over a folder, with Keras' `flow_from_dataframe` semantics. */
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DataError } from '../core/errors.js';
import { fileProblem } from '../core/readFile.node.js';
import type { DecodePool } from './decodePool.node.js';
import { type Frame, selectRows } from './frame.js';
import { ImageGenerator, type ImageGeneratorOptions } from './generator.js';
import { IMAGE_COLUMN } from './labels.js';
import type { Interpolation } from './resize.js';

export interface FlowOptions extends Omit<ImageGeneratorOptions, 'load' | 'height' | 'width'> {
  /** Folder of the images. */
  readonly directory: string;
  readonly pool: DecodePool;
  /** Target size as [height, width]; default 320 x 320. */
  readonly targetSize?: readonly [height: number, width: number];
  /** How images of another size are resized; default 'nearest', as Keras. */
  readonly interpolation?: Interpolation;
  /**
   * Rows whose image is missing or no image by its name: 'error' (default) refuses them, naming the first;
   * 'ignore' leaves them out with Keras' warning.
   */
  readonly invalidFiles?: 'error' | 'ignore';
  /** Column named in Keras' warning. */
  readonly imageColumn?: string;
  /** Gets Keras' lines: "Found N validated image filenames." and the warning before it. */
  readonly log?: (line: string) => void;
}

/** Keras' white list; the name has to end so, with or without a dot. */
const IMAGE_NAME = /(png|jpg|jpeg|bmp|ppm|tif|tiff)$/;

/**
 * Keras' `ImageDataGenerator(...).flow_from_dataframe(dataframe, directory, x_col, y_cols, class_mode='raw')`.
 * @throws DataError naming the folder, or the first row whose image is missing and how many there are
 */
export async function flowFromDataframe(options: FlowOptions): Promise<ImageGenerator> {
  const { frame, directory, pool } = options;
  const log = options.log ?? (() => undefined);
  const [height, width] = options.targetSize ?? [320, 320];
  const { interpolation } = options;
  const valid = await validRows(frame, directory);
  const invalid = frame.images.length - valid.length;
  if (invalid > 0) {
    if ((options.invalidFiles ?? 'error') === 'error') throw invalidImage(frame, directory, valid);
    const column = options.imageColumn ?? IMAGE_COLUMN;
    log(
      `Found ${invalid} invalid image filename(s) in x_col="${column}". These filename(s) will be ignored.`,
    );
  }
  log(`Found ${valid.length} validated image filenames.`);
  return new ImageGenerator({
    ...options,
    frame: invalid === 0 ? frame : selectRows(frame, valid),
    load: (file) => pool.load(join(directory, file), width, height, interpolation),
    height,
    width,
  });
}

/** Rows whose image has an image's name and is a file in the folder. */
async function validRows(frame: Frame, directory: string): Promise<number[]> {
  const folders = new Map<string, Set<string>>();
  await listFiles(directory, folders);
  const valid: number[] = [];
  for (const [row, image] of frame.images.entries()) {
    const path = join(directory, image);
    const folder = dirname(path);
    const files = folders.get(folder) ?? (await listFiles(folder, folders, true));
    if (IMAGE_NAME.test(image.toLowerCase()) && files.has(path)) valid.push(row);
  }
  return valid;
}

/** One listing a folder instead of one question a file: NIH's table has 112,120 rows. */
async function listFiles(
  folder: string,
  seen: Map<string, Set<string>>,
  mayLack = false,
): Promise<Set<string>> {
  const files = new Set<string>();
  try {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (!entry.isDirectory()) files.add(join(folder, entry.name));
    }
  } catch (cause) {
    if (!mayLack) {
      throw new DataError(fileProblem(folder, cause), 'Give the folder that holds the images.', { cause });
    }
  }
  seen.set(join(folder), files);
  return files;
}

function invalidImage(frame: Frame, directory: string, valid: readonly number[]): DataError {
  const kept = new Set(valid);
  const row = frame.images.findIndex((_, i) => !kept.has(i));
  const image = frame.images[row];
  const missing = frame.images.length - valid.length;
  const more = missing > 1 ? ` (${missing} of ${frame.images.length} rows are so)` : '';
  const what = IMAGE_NAME.test(image.toLowerCase())
    ? `${join(directory, image)} does not exist`
    : `"${image}" is no image file name`;
  return new DataError(
    `${frame.file}, line ${frame.lines[row]}: ${what}${more}.`,
    'Add the image, mend the row, or have such rows ignored.',
  );
}
