/**
 * Everything that can be found out about splits and an image folder before training on them, as a plain
 * object. Nothing here throws for what it finds: it reports.
 */

import type { ImageFacts } from '../images/pixelFacts.js';
import { type PatientLeak, patientLeakage } from '../tables/leakage.js';
import { checkBoxes, checkImages, type ImageCheckOptions, type ImageSummary } from './checkImages.js';
import { checkLabels, type SplitSummary, summarize } from './checkLabels.js';
import { checkReference, type ReferenceTable } from './checkReference.js';
import { checkConfounding, fileTraits, type Traits } from './confounding.js';
import type { Box, Finding, ImageFolder, Severity, Splits } from './findings.js';

export interface CheckInput extends ImageCheckOptions {
  readonly splits: Splits;
  readonly images?: ImageFolder;
  /** Further facts of the images, e.g. of meta.csv: trait name, then value of each image name. */
  readonly traits?: Traits;
  /** NIH's own table and list. */
  readonly reference?: ReferenceTable;
  readonly boxes?: readonly Box[];
  /** Problems met before, e.g. a CSV that could not be read. */
  readonly findings?: readonly Finding[];
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
  const inspections = new Map<string, ImageFacts>();
  if (input.images) {
    const result = await checkImages(splits, input.images, input);
    findings.push(...result.findings);
    images = result.summary;
    for (const [file, found] of result.inspections) inspections.set(file, found);
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
