/** The part of `check` that opens the image files. */

import { firstFew, plural } from '../../core/formatting.js';
import { tell, type WorkOptions } from '../../core/work.js';
import { type ImageFacts, inWords, pixelFindings } from '../images/pixelFacts.js';
import { labelText } from './checkLabels.js';
import type { Box, Finding, ImageFolder, Severity, Splits } from './findings.js';

export interface ImageSummary {
  readonly folder: string;
  readonly files: number;
  readonly decoded: number;
  /** Images of each size, e.g. { '1024x1024': 8 }. */
  readonly sizes: Readonly<Record<string, number>>;
  /** Images of each kind, e.g. { 'png rgb 8-bit': 979 }. */
  readonly kinds: Readonly<Record<string, number>>;
}

interface ImageCheck {
  readonly summary: ImageSummary;
  readonly findings: readonly Finding[];
  readonly inspections: ReadonlyMap<string, ImageFacts>;
}

export function kindOf({ format, mode, bits }: ImageFacts): string {
  return `${format} ${mode} ${bits}-bit`;
}

export interface ImageCheckOptions extends WorkOptions {
  /** Whether to decode every image; default true. */
  readonly decode?: boolean;
  /** Rows without an image will be left out: a warning then, no error. */
  readonly ignoreMissing?: boolean;
}

export async function checkImages(
  splits: Splits,
  folder: ImageFolder,
  { decode = true, ignoreMissing = false, ...work }: ImageCheckOptions = {},
): Promise<ImageCheck> {
  const users = splitsOfImages(splits);
  const findings: Finding[] = [];
  const add = (severity: Severity, kind: string, items: readonly string[], message: string) => {
    if (items.length === 0) return;
    const concerned = Object.keys(splits).filter((name) => items.some((item) => users.get(item)?.has(name)));
    findings.push({ severity, kind, message, splits: concerned, items });
  };
  const images = [...users.keys()];
  const problems = new Map<string, string>();
  for (const image of images) {
    work.signal?.throwIfAborted();
    const problem = await folder.problem(image);
    if (problem !== null) problems.set(image, problem);
  }
  const missing = [...problems.keys()];
  const [example] = missing;
  add(
    ignoreMissing ? 'warning' : 'error',
    'missing-images',
    missing,
    example === undefined
      ? ''
      : `${plural(missing.length, 'image')} not in ${folder.name} (${firstFew(missing)}): ` +
          `${problems.get(example)}. ${await folder.hint(example)}`.trim(),
  );
  const unused = folder.files.filter((file) => !users.has(file));
  add(
    'info',
    'unused-images',
    unused,
    `${plural(unused.length, 'file')} in ${folder.name} on no row (${firstFew(unused)}).`,
  );

  const inspections = new Map<string, ImageFacts>();
  if (decode) {
    const present = images.filter((image) => !problems.has(image));
    const unreadable = await inspectAll(present, folder, inspections, work);
    add(
      'error',
      'unreadable-images',
      [...unreadable.keys()],
      `${plural(unreadable.size, 'image')} cannot be read: ${[...unreadable.values()].slice(0, 3).join(' ')}`,
    );
    for (const [severity, kind, items, message] of storageFindings(inspections))
      add(severity, kind, items, message);
    findings.push(...identicalImages(splits, users, inspections));
  }
  const count = (key: (inspection: ImageFacts) => string) => histogram([...inspections.values()].map(key));
  return {
    summary: {
      folder: folder.name,
      files: folder.files.length,
      decoded: inspections.size,
      sizes: count(({ width, height }) => `${width}x${height}`),
      kinds: count(kindOf),
    },
    findings,
    inspections,
  };
}

function splitsOfImages(splits: Splits): Map<string, Set<string>> {
  const users = new Map<string, Set<string>>();
  for (const [name, frame] of Object.entries(splits)) {
    for (const image of frame.images) users.set(image, (users.get(image) ?? new Set()).add(name));
  }
  return users;
}

/** Inspects in parallel, a few at a time; what fails is returned with its reason. */
async function inspectAll(
  files: readonly string[],
  folder: ImageFolder,
  inspections: Map<string, ImageFacts>,
  work: WorkOptions,
): Promise<Map<string, string>> {
  const reasons = new Map<string, string>();
  const found = new Map<string, ImageFacts>();
  let next = 0;
  let done = 0;
  const total = files.length;
  const inspectNext = async () => {
    while (next < files.length) {
      const file = files[next++];
      try {
        found.set(file, await folder.inspect(file));
      } catch (error) {
        reasons.set(file, (error as Error).message);
      }
      await tell(work, { phase: 'check', done: ++done, total, unit: 'images' });
    }
  };
  const endAll = (error: unknown) => {
    next = total;
    throw error;
  };
  await Promise.all(Array.from({ length: 8 }, () => inspectNext().catch(endAll)));
  // In the order of the rows, whichever came first.
  const failed = new Map<string, string>();
  for (const file of files) {
    const inspection = found.get(file);
    if (inspection) inspections.set(file, inspection);
    else failed.set(file, reasons.get(file) ?? '');
  }
  return failed;
}

type StorageFinding = [severity: Severity, kind: string, items: readonly string[], message: string];

function storageFindings(inspections: ReadonlyMap<string, ImageFacts>): StorageFinding[] {
  const all = [...inspections];
  const where = (test: (inspection: ImageFacts) => boolean) =>
    all.filter(([, i]) => test(i)).map(([file]) => file);
  const kinds = histogram(all.map(([, inspection]) => kindOf(inspection)));
  const sizeOf = (file: string): string => {
    const { width, height } = inspections.get(file) as ImageFacts;
    return `${width}x${height}`;
  };
  const sizes = histogram(all.map(([file]) => sizeOf(file)));
  const usualKind = commonest(kinds);
  const usualSize = commonest(sizes);
  const oddKind = where((i) => kindOf(i) !== usualKind);
  const oddSize = all.map(([file]) => file).filter((file) => sizeOf(file) !== usualSize);
  const opaque = where((i) => !i.transparent && (i.mode === 'rgba' || i.mode === 'gray+alpha'));
  const storedRgb = where(
    (i) => i.grayContent && (i.mode === 'rgb' || i.mode === 'rgba' || i.mode === 'palette'),
  );
  const oblong = where(({ width, height }) => width !== height);
  const small = where(({ width, height }) => Math.min(width, height) < 224);
  const n = (items: string[]) => plural(items.length, 'image');
  return [
    [
      'warning',
      'mixed-kinds',
      oddKind,
      `Images of several kinds: ${listing(kinds)} (unusual: ${firstFew(oddKind)}).`,
    ],
    ['warning', 'mixed-sizes', oddSize, `Images of several sizes: ${listing(sizes)}.`],
    ...pixelFindings(inspections).map(
      (finding): StorageFinding => ['warning', finding.kind, finding.items, inWords(finding)],
    ),
    [
      'info',
      'opaque-alpha',
      opaque,
      `${n(opaque)} with an alpha channel that is opaque throughout (${firstFew(opaque)}); it is dropped.`,
    ],
    [
      'info',
      'gray-stored-as-rgb',
      storedRgb,
      `${n(storedRgb)} gray in content but stored in colour (${firstFew(storedRgb, 3)}).`,
    ],
    ['info', 'not-square', oblong, `${n(oblong)} not square (${firstFew(oblong)}); resizing stretches them.`],
    [
      'info',
      'small-images',
      small,
      `${n(small)} smaller than 224 pixels (${listing(histogram(small.map(sizeOf)))}): fine structures are gone, and ` +
        'enlarging does not bring them back.',
    ],
  ];
}

/** Files of equal pixels under different names. */
function identicalImages(
  splits: Splits,
  users: ReadonlyMap<string, ReadonlySet<string>>,
  inspections: ReadonlyMap<string, ImageFacts>,
): Finding[] {
  const groups = new Map<string, string[]>();
  for (const [file, { contentHash, constant }] of inspections) {
    if (!constant) groups.set(contentHash, [...(groups.get(contentHash) ?? []), file]);
  }
  const labels = new Map<string, string>();
  for (const frame of Object.values(splits)) {
    frame.images.forEach((image, row) => {
      labels.set(image, labelText(frame, row));
    });
  }
  return [...groups.values()].flatMap((files): Finding[] => {
    if (files.length < 2) return [];
    const concerned = Object.keys(splits).filter((name) => files.some((file) => users.get(file)?.has(name)));
    const apart = files.some(
      (file) => [...(users.get(file) ?? [])].join() !== [...(users.get(files[0]) ?? [])].join(),
    );
    const contradicting = files.some((file) => labels.get(file) !== labels.get(files[0]));
    const also = contradicting ? ', with different labels' : '';
    return [
      {
        severity: apart || contradicting ? 'error' : 'warning',
        kind: 'identical-images',
        message: `${firstFew(files)} hold the same pixels${also} (${concerned.join(', ')}).`,
        splits: concerned,
        items: files,
      },
    ];
  });
}

/** Boxes on images of no row, of findings that the row denies, or beyond the image. */
export function checkBoxes(
  splits: Splits,
  boxes: readonly Box[],
  inspections: ReadonlyMap<string, ImageFacts>,
): Finding[] {
  const labels = new Map<string, { classes: readonly string[]; findings: Set<string> }>();
  for (const frame of Object.values(splits)) {
    frame.images.forEach((image, row) => {
      labels.set(image, { classes: frame.classes, findings: new Set(labelText(frame, row).split('|')) });
    });
  }
  const orphans = new Set<string>();
  const denied = new Set<string>();
  const outside = new Set<string>();
  for (const { image, label, x, y, width, height } of boxes) {
    const row = labels.get(image);
    const size = inspections.get(image);
    if (row === undefined) orphans.add(image);
    else if (row.classes.includes(label) && !row.findings.has(label)) denied.add(`${image} ${label}`);
    // Half a pixel of slack: boxes are scaled from 1024 px and rounded.
    const beyond = size !== undefined && (x + width > size.width + 0.5 || y + height > size.height + 0.5);
    if (!(x >= -0.5 && y >= -0.5 && width > 0 && height > 0) || beyond) outside.add(`${image} ${label}`);
  }
  const finding = (severity: Severity, kind: string, set: Set<string>, what: string): Finding[] => {
    const items = [...set];
    if (items.length === 0) return [];
    return [{ severity, kind, message: `${items.length} ${what} (${firstFew(items)}).`, splits: [], items }];
  };
  return [
    ...finding('info', 'boxes-without-row', orphans, 'images with boxes are on no row'),
    ...finding('warning', 'boxes-denied', denied, 'boxes of findings that the row does not have'),
    ...finding('error', 'boxes-outside', outside, 'boxes empty or beyond the image'),
  ];
}

function histogram(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

function commonest(counts: Readonly<Record<string, number>>): string | undefined {
  return Object.entries(counts).sort((a, b) => b[1] - a[1])[0]?.[0];
}

function listing(counts: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(counts).sort((a, b) => b[1] - a[1]);
  return firstFew(
    sorted.map(([value, count]) => `${count} ${value}`),
    8,
  );
}
