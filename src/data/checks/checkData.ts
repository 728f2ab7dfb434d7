/**
 * Everything that can be found out about splits and an image folder before training on them, as a plain
 * object. Nothing here throws for what it finds: it reports.
 */

import type { PixelFacts } from '../images/pixelFacts.js';
import type { Frame } from '../tables/frame.js';
import { type PatientLeak, patientLeakage } from '../tables/leakage.js';
import { checkBoxes, checkImages, type ImageSummary } from './checkImages.js';
import { checkLabels, type SplitSummary, summarize } from './checkLabels.js';
import { checkReference, type ReferenceTable } from './checkReference.js';
import { checkConfounding, fileTraits, type Traits } from './confounding.js';

export type Severity = 'error' | 'warning' | 'info';

export interface Finding {
  readonly severity: Severity;
  /** A fixed word for machines, e.g. 'patient-leakage'. */
  readonly kind: string;
  /** One sentence for people. */
  readonly message: string;
  /** Splits concerned. */
  readonly splits: readonly string[];
  /** All patients, images or classes concerned; the message names only the first. */
  readonly items: readonly (string | number)[];
}

export type Splits = Readonly<Record<string, Frame>>;

/** What an image file stores and shows. */
export interface Inspection extends PixelFacts {
  readonly width: number;
  readonly height: number;
  /** Equal for equal size and equal pixels, however they are stored. */
  readonly contentHash: string;
}

/** The images, by the names that the rows give them: one name for each file. */
export interface ImageFolder {
  /** Named in messages. */
  readonly name: string;
  /** All files in it and below. */
  readonly files: readonly string[];
  /** Why a name leads to no image; null where it does. */
  problem(image: string): Promise<string | null>;
  /** What the writer of a name that leads nowhere may have meant; '' where there is nothing to say. */
  hint(image: string): Promise<string>;
  /** @throws Error saying why the image cannot be read */
  inspect(image: string): Promise<Inspection>;
}

/** A drawn box of a finding, in pixels of the image. */
export interface Box {
  readonly image: string;
  readonly label: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface CheckInput {
  readonly splits: Splits;
  readonly images?: ImageFolder;
  /** Whether to decode every image; default true. */
  readonly decode?: boolean;
  /** Rows without an image will be left out: a warning then, no error. */
  readonly ignoreMissing?: boolean;
  /** Further facts of the images, e.g. of meta.csv: trait name, then value of each image name. */
  readonly traits?: Traits;
  /** NIH's own table and list. */
  readonly reference?: ReferenceTable;
  readonly boxes?: readonly Box[];
  /** Problems met before, e.g. a CSV that could not be read. */
  readonly findings?: readonly Finding[];
  readonly onProgress?: (done: number, total: number) => void;
}

export interface CheckReport {
  readonly splits: Readonly<Record<string, SplitSummary>>;
  /** Every pair of splits. */
  readonly leakage: readonly PatientLeak[];
  /** Absent where no folder was given. */
  readonly images?: ImageSummary;
  /** Errors first. */
  readonly findings: readonly Finding[];
  readonly counts: Readonly<Record<Severity, number>>;
}

const ORDER: readonly Severity[] = ['error', 'warning', 'info'];

/** Checks splits, and the images where a folder is given. */
export async function checkData(input: CheckInput): Promise<CheckReport> {
  const { splits } = input;
  const findings = [...(input.findings ?? []), ...checkLabels(splits)];
  if (input.reference) findings.push(...checkReference(splits, input.reference));
  let traits: Traits = input.traits ?? {};
  let images: ImageSummary | undefined;
  const inspections = new Map<string, Inspection>();
  if (input.images) {
    const result = await checkImages(splits, input.images, input);
    findings.push(...result.findings);
    images = result.summary;
    for (const [file, inspection] of result.inspections) inspections.set(file, inspection);
    traits = { ...traits, ...fileTraits(inspections) };
  } else {
    findings.push({
      severity: 'info',
      kind: 'no-images',
      message: 'No image folder was given: the image files themselves were not checked.',
      splits: [],
      items: [],
    });
  }
  if (input.boxes) findings.push(...checkBoxes(splits, input.boxes, inspections));
  findings.push(...checkConfounding(splits, traits));
  findings.sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
  const count = (severity: Severity) => findings.filter((finding) => finding.severity === severity).length;
  return {
    splits: Object.fromEntries(Object.entries(splits).map(([name, frame]) => [name, summarize(frame)])),
    leakage: patientLeakage(splits),
    ...(images ? { images } : {}),
    findings,
    counts: { error: count('error'), warning: count('warning'), info: count('info') },
  };
}
