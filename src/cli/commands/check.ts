/** `chexgpu check`: what could spoil a training, found before it; the checks stand in src/data/checks. */
import { dirname } from 'node:path';
import { UsageError } from '../../core/errors.js';
import { plural } from '../../core/formatting.js';
import type { CheckReport } from '../../data/checks/checkData.js';
import { checkFolder } from '../../data/checks/checkFolder.node.js';
import type { Scaling } from '../../data/images/pixelFacts.js';
import { requireFolder } from '../../workflow/data/dataset.node.js';
import { define } from '../defineCommand.js';
import { labelsOption } from '../flags/labelFlags.js';
import { option } from '../flags/sharedFlags.js';
import { withPool } from '../session/gpuSession.js';
import { EXIT_CODES } from '../terminal/exitCodes.js';
import { textTable } from '../terminal/output.js';

interface CheckFlags {
  data?: string;
  train?: string;
  valid?: string;
  test?: string;
  images?: string;
  reference?: string;
  decode: boolean;
  ignoreMissing: boolean;
  labels?: readonly string[];
  unknownLabels?: readonly string[];
  scaling?: Scaling;
  workers?: number;
}

function splitsOf({ train, valid, test }: CheckFlags): Record<string, string> | undefined {
  const named = Object.entries({ train, valid, test }).filter((entry): entry is [string, string] =>
    Boolean(entry[1]),
  );
  return named.length > 0 ? Object.fromEntries(named) : undefined;
}

function summaryLines(report: CheckReport): string[] {
  const rows = Object.entries(report.splits).map(([name, s]) => [name, s.rows, s.patients]);
  const lines = rows.length > 0 ? [textTable(['split', 'images', 'patients'], rows)] : [];
  for (const { between, patientIds } of report.leakage) {
    lines.push(`  patients in both ${between.join(' and ')}: ${patientIds.length}`);
  }
  return lines;
}

export const checkCommand = define<CheckFlags>({
  name: 'check',
  description:
    'Looks for everything that could spoil a training: CSV and label errors, patients in two splits, missing, ' +
    'damaged or repeated images, findings that go with the source or the view. Ends with 3 if there are errors.',
  examples: [
    ['chexgpu check --data DIR', 'every CSV of a folder, and its images/'],
    ['chexgpu check --train a.csv --test b.csv --images DIR', 'CSVs and images anywhere'],
    ['chexgpu check --data DIR --json', 'all findings with all images and patients concerned, for machines'],
  ],
  flags: (command) =>
    command
      .option('--data <dir>', 'folder with CSVs and images/')
      .option('--train <csv>', 'CSV of the training images')
      .option('--valid <csv>', 'CSV of the validation images')
      .option('--test <csv>', 'CSV of the test images')
      .addOption(option.images())
      .addOption(option.ignoreMissing())
      .addOption(labelsOption('label columns of the CSVs, separated by commas'))
      .addOption(option.unknownLabels())
      .option(
        '--reference <csv>',
        "NIH's Data_Entry_2017 table to compare with (default: the one near --data)",
      )
      .option('--no-decode', 'trust the image files without decoding them')
      .addOption(option.scaling('keras'))
      .addOption(option.workers()),
  action: async ({ out, signal }, flags) => {
    const splits = splitsOf(flags);
    const folder = flags.data ?? (splits && dirname(Object.values(splits)[0]));
    if (folder === undefined) {
      throw new UsageError('There is nothing to check.', 'Give --data DIR, or --train, --valid, --test.');
    }
    await requireFolder(folder, 'data folder', 'Give the folder of the CSVs with --data.');
    const report = await withPool({ workers: flags.workers, pixels: flags }, (pool) => {
      const bar = out.progress('Checking images', 0, 'images');
      return checkFolder(folder, {
        splits,
        images: flags.images,
        decode: flags.decode,
        ignoreMissing: flags.ignoreMissing,
        labels: flags.labels,
        unknownLabels: flags.unknownLabels,
        reference: flags.reference,
        pool,
        signal,
        onProgress: ({ done, total }) => bar.update(done, '', total),
      });
    });
    for (const line of summaryLines(report)) out.say(line);
    for (const { severity, message } of report.findings) out.say(`${severity}: ${message}`);
    const { error, warning, info } = report.counts;
    out.say(`${plural(error, 'error')}, ${plural(warning, 'warning')}, ${plural(info, 'remark')}`);
    out.document({ command: 'check', folder, ...report });
    return error > 0 ? EXIT_CODES.data : 0;
  },
});
