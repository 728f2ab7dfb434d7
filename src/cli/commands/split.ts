/** `chexgpu split`: NIH's own table as the CSVs of a training. */
import { InvalidArgumentError } from 'commander';
import { percent, plural, whole } from '../../core/formatting.js';
import { cellNumber } from '../../data/tables/csvCells.js';
import { type SplitRequest, splitTable, USUAL_VALID_SHARE } from '../../workflow/data/splitTable.node.js';
import { define } from '../defineCommand.js';
import { names, option } from '../flags/sharedFlags.js';
import { inputsOf } from '../session/namedInputs.js';

function share(text: string): number {
  const value = cellNumber(text.trim());
  if (value > 0 && value < 1) return value;
  throw new InvalidArgumentError('Give a number above 0 and below 1.');
}

function shares(text: string): number[] {
  const values = names(text).map(share);
  if (values.length === 3) return values;
  throw new InvalidArgumentError('Give three numbers: for training, validation and test.');
}

export const splitCommand = define<Omit<SplitRequest, 'table'>>({
  name: 'split',
  description:
    "Makes train.csv, valid.csv and test.csv of NIH's own table (Data_Entry_2017), no patient in two of them: by " +
    "NIH's lists, or by shares that hold every finding alike. The same seed gives the same files.",
  examples: [
    [
      'chexgpu split Data_Entry_2017_v2020.csv --train-list train_val_list.txt --test-list test_list.txt ' +
        '--images nih --out nih-split',
      "NIH's own split of the images in nih/images_001/images/ to nih/images_012/images/; " +
        'then chexgpu train --data nih-split --images nih',
    ],
    ['chexgpu split Data_Entry_2017_v2020.csv.gz --shares 0.7,0.1,0.2 --seed 2 --out mine', 'of all images'],
  ],
  flags: (command) =>
    command
      .argument('<table>', 'Data_Entry_2017.csv or Data_Entry_2017_v2020.csv, also as .gz')
      .requiredOption('--out <dir>', 'folder to make')
      .option('--train-list <file>', 'train_val_list.txt: images to train on and to validate with')
      .option('--test-list <file>', 'test_list.txt: images to test with')
      .option(
        '--valid-share <x>',
        `share of the training list for validation (default: ${USUAL_VALID_SHARE})`,
        share,
      )
      .option(
        '--shares <a,b,c>',
        'in place of lists: shares of training, validation and test, that add up to 1',
        shares,
      )
      .option(
        '--images <dir>',
        'folder of the images, also in sub-folders: the CSVs name them as seen from there',
      )
      .option('--ignore-missing', 'leave out rows whose image is not there (otherwise: an error)', false)
      .addOption(option.seed())
      .option('--overwrite', 'replace an earlier split there', false),
  action: async (context, flags, [table]) => {
    const { out } = context;
    const inputs = await inputsOf([table, flags.trainList, flags.testList], [flags.images]);
    const summary = await splitTable(context, { ...flags, table, inputs });
    const splits = Object.entries(summary.splits);
    const total = splits.reduce((sum, [, { images }]) => sum + images, 0);
    const frequency = (images: number, positives: number) =>
      `${positives} (${percent(positives / images, 1)})`;
    out.table(
      ['finding', ...splits.map(([name]) => name)],
      Object.keys(summary.splits.train.positives).map((label) => [
        label,
        ...splits.map(([, { images, positives }]) => frequency(images, positives[label])),
      ]),
    );
    for (const [name, { images, patients }] of splits) {
      const part = percent(images / total, 1);
      out.say(`${name}.csv: ${whole(images)} images of ${plural(patients, 'patient')}, ${part}`);
    }
    out.say(`Wrote ${flags.out}: ${summary.how}`);
    out.document({ command: 'split', out: flags.out, ...summary });
    return 0;
  },
});
