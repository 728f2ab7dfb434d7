/** NIH's table divided into training, validation and test: by NIH's own lists or by shares, no patient in two. */
import { share } from '../../core/arguments.js';
import { DataError, UsageError } from '../../core/errors.js';
import { firstFew, plural } from '../../core/formatting.js';
import { MT19937 } from '../../core/mt19937.js';
import { type Frame, selectRows } from './frame.js';
import { checkForLeakage, repeatedImages } from './leakage.js';
import { groupRows, stratify } from './stratify.js';

/** Image names, and the file that they are from. */
export interface ImageList {
  readonly file: string;
  readonly images: readonly string[];
}

export type SplitChoice =
  /** NIH's train_val_list.txt and test_list.txt; the validation is a share of the first. */
  | { readonly trainVal: ImageList; readonly test: ImageList; readonly validShare: number }
  /** Of the images: training, validation, test. */
  | { readonly shares: readonly [train: number, valid: number, test: number] };

export interface SplitFrames {
  readonly train: Frame;
  readonly valid: Frame;
  readonly test: Frame;
  /** Rows of the table that no list names. */
  readonly unlisted: number;
}

/**
 * Divides the rows of a table by patient; the rows of each split keep their order. Validation, and test where there are
 * no lists, are stratified by all labels (`stratify`), with NumPy's random numbers of the seed.
 * @throws UsageError for shares that are none, or leave a split without a patient; DataError for a table with two rows
 *   of one image, which may be of two patients, for lists with images that the table has not or that are in both, and
 *   where a patient is in both
 */
export function splitFrame(frame: Frame, choice: SplitChoice, seed: number): SplitFrames {
  refuseRepeated(frame);
  const rng = new MT19937(seed);
  const byShares = (part: Frame, shares: readonly number[]): Frame[] => {
    const { patientIds, labels, classes } = part;
    const split = stratify(groupRows(patientIds, labels, classes.length), shares, (below) =>
      rng.choice(below),
    );
    const rows: number[][] = shares.map(() => []);
    for (const [row, id] of patientIds.entries()) rows[split.get(id) as number].push(row);
    if (rows.every((list) => list.length > 0)) return rows.map((list) => selectRows(part, list));
    throw new UsageError(
      `${plural(split.size, 'patient')} cannot be divided into ${shares.length} splits.`,
      'Give other shares, or a larger table.',
    );
  };
  if ('shares' in choice) {
    const [train, valid, test] = byShares(frame, checkedShares(choice.shares));
    return { train, valid, test, unlisted: 0 };
  }
  const { trainVal, test: testList, validShare } = choice;
  if (!(share('The share of the validation', validShare) > 0 && validShare < 1)) {
    throw new UsageError(
      `The validation cannot have a share of ${validShare}.`,
      'Give one above 0 and below 1.',
    );
  }
  const [listed, test] = byLists(frame, [trainVal, testList]);
  const [train, valid] = byShares(listed, [1 - validShare, validShare]);
  return { train, valid, test, unlisted: frame.images.length - listed.images.length - test.images.length };
}

function refuseRepeated(frame: Frame): void {
  const [image, ...more] = repeatedImages(frame);
  if (image === undefined) return;
  const first = frame.images.indexOf(image);
  const lines = [first, frame.images.indexOf(image, first + 1)].map((row) => frame.lines[row]);
  throw new DataError(
    `${frame.file}, lines ${lines.join(' and ')}: both are of ${image}` +
      `${more.length > 0 ? ` (${plural(more.length + 1, 'image')} are there more than once)` : ''}.`,
    'Keep one row of each image.',
  );
}

function checkedShares(shares: readonly number[]): readonly number[] {
  const sum = shares.reduce((total, part) => total + part, 0);
  if (shares.length === 3 && shares.every((part) => part > 0) && Math.abs(sum - 1) < 1e-6) return shares;
  throw new UsageError(
    `The shares ${shares.join(', ')} do not divide a table.`,
    'Give three above 0 that add up to 1: training, validation, test.',
  );
}

/** The rows that each list names. */
function byLists(frame: Frame, lists: readonly [ImageList, ImageList]): [Frame, Frame] {
  const rowOf = new Map(frame.images.map((image, row) => [image, row]));
  const taken = new Map<string, string>();
  const frames = lists.map(({ file, images }) => {
    const rows: number[] = [];
    for (const image of images) {
      const row = rowOf.get(image);
      if (row === undefined) {
        throw new DataError(`${file}: ${image} is not in ${frame.file}.`, 'Give the lists of that table.');
      }
      const before = taken.get(image);
      if (before !== undefined) {
        const where = before === file ? `twice in ${file}` : `in ${before} and in ${file}`;
        throw new DataError(`${image} is ${where}.`, 'Name every image once.');
      }
      taken.set(image, file);
      rows.push(row);
    }
    return selectRows(
      frame,
      rows.sort((a, b) => a - b),
    );
  });
  const [trainVal, test] = frames;
  if (checkForLeakage(trainVal, test)) {
    const inTest = new Set(test.patientIds);
    const shared = [...new Set(trainVal.patientIds.filter((id) => inTest.has(id)))];
    throw new DataError(
      `${lists[0].file} and ${lists[1].file} share ${plural(shared.length, 'patient')} (${firstFew(shared)}).`,
      'Split by patient.',
    );
  }
  return [trainVal, test];
}

/**
 * The names in a list of one per line, blank lines aside.
 * @throws DataError for a list without a name
 */
export function parseImageList(text: string, file: string): ImageList {
  const images = text.split(/\r\n?|\n/).flatMap((line) => line.trim() || []);
  if (images.length === 0) throw new DataError(`${file} names no image.`, 'Write one name per line.');
  return { file, images };
}
