/** Image generators over a folder, with Keras' `flow_from_dataframe` semantics. */

import { DataError } from '../../core/errors.js';
import { refuseMisspelt } from '../../core/nearNames.js';
import { inParallel } from '../../core/parallel/inParallel.js';
import { checkWork, tell, type WorkOptions } from '../../core/work.js';
import type { DecodePool } from '../images/decodePool.node.js';
import type { Interpolation } from '../images/resize.js';
import { type Frame, selectRows } from '../tables/frame.js';
import { ImageFiles, imagePath } from '../tables/imageFiles.node.js';
import { IMAGE_COLUMN } from '../tables/labels.js';
import { GENERATOR_OPTIONS, ImageGenerator, type ImageGeneratorOptions } from './generator.js';

export interface ImageRows extends WorkOptions {
  readonly frame: Frame;
  /** Folder of the images. */
  readonly directory: string;
  /**
   * Rows whose image is missing or no image by its name: 'error' (default) refuses them, naming the first;
   * 'ignore' leaves them out with Keras' warning.
   */
  readonly invalidFiles?: 'error' | 'ignore';
  /** Column named in Keras' warning. */
  readonly imageColumn?: string;
  /** How the caller's user has them ignored, as the error says it; default the option above. */
  readonly howToIgnore?: string;
  /** Gets Keras' line "Found N validated image filenames.", and the warning before it unless there is `warn`. */
  readonly log?: (line: string) => void;
  /** Gets Keras' warning of ignored rows. */
  readonly warn?: (line: string) => void;
}

export interface FlowOptions extends ImageRows, Omit<ImageGeneratorOptions, 'load' | 'height' | 'width'> {
  readonly pool: DecodePool;
  /** Target size as [height, width]; default 320 x 320. */
  readonly targetSize?: readonly [height: number, width: number];
  /** How images of another size are resized; default 'nearest', as Keras. */
  readonly interpolation?: Interpolation;
}

const FLOW_OPTIONS =
  'frame directory pool targetSize interpolation invalidFiles imageColumn howToIgnore log warn signal onProgress'.split(
    ' ',
  );

/**
 * Keras' `ImageDataGenerator(...).flow_from_dataframe(dataframe, directory, x_col, y_cols, class_mode='raw')`.
 * `onProgress` hears of `find` with images.
 * @throws DataError naming the folder, or the first row whose image is missing and how many there are; the signal's
 *   reason
 */
export async function flowFromDataframe(options: FlowOptions): Promise<ImageGenerator> {
  refuseMisspelt('The options of flowFromDataframe', options, [...GENERATOR_OPTIONS, ...FLOW_OPTIONS]);
  const { directory, pool } = options;
  const [height, width] = options.targetSize ?? [320, 320];
  const { interpolation } = options;
  const frame = await rowsWithImages(options);
  options.log?.(`Found ${frame.images.length} validated image filenames.`);
  return new ImageGenerator({
    ...options,
    frame,
    load: (file) => pool.load(imagePath(directory, file), width, height, interpolation),
    height,
    width,
  });
}

/** The folder that all images of a frame were found in: with 112,120 of them one does not look for each generator. */
const found = new WeakMap<Frame, string>();

/**
 * The rows whose image is there: Keras' `validate_filenames`. Those that it gives are not looked for again.
 * @throws as `flowFromDataframe`
 */
export async function rowsWithImages(options: ImageRows): Promise<Frame> {
  const { frame, directory } = options;
  checkWork(options);
  options.signal?.throwIfAborted();
  if (found.get(frame) === directory) return frame;
  const present = await validRows(options);
  found.set(present, directory);
  return present;
}

async function validRows(options: ImageRows): Promise<Frame> {
  const { frame, directory, invalidFiles = 'error', imageColumn = IMAGE_COLUMN } = options;
  const files = await ImageFiles.open(directory);
  const total = frame.images.length;
  let done = 0;
  const problems = await inParallel(frame.images, async (image) => {
    const problem = await files.problem(image);
    await tell(options, { phase: 'find', done: ++done, total, unit: 'images' });
    return problem;
  });
  const valid = [...problems.keys()].filter((row) => problems[row] === null);
  const invalid = frame.images.length - valid.length;
  if (invalid === 0) return frame;
  if (invalidFiles === 'error') {
    const first = problems.findIndex((problem) => problem !== null);
    throw await invalidImage(options, files, first, invalid);
  }
  const warn = options.warn ?? options.log ?? (() => undefined);
  warn(
    `Found ${invalid} invalid image filename(s) in x_col="${imageColumn}". These filename(s) will be ignored.`,
  );
  return selectRows(frame, valid);
}

/** The error for a row that leads to no image. */
async function invalidImage(
  { frame, howToIgnore = "pass invalidFiles: 'ignore'" }: ImageRows,
  files: ImageFiles,
  row: number,
  invalid: number,
): Promise<DataError> {
  const image = frame.images[row];
  const more = invalid > 1 ? ` (${invalid} of ${frame.images.length} rows are so)` : '';
  const hint = [
    await files.hint(image),
    `Add the image, mend the row, or leave such rows out: ${howToIgnore}.`,
  ];
  return new DataError(
    `${frame.file}, line ${frame.lines[row]}: ${await files.problem(image)}${more}.`,
    hint.filter(Boolean).join(' '),
  );
}
