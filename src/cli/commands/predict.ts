/** `chexgpu predict`: probabilities of images, made by src/workflow/prediction. */
import { join } from 'node:path';
import { plural } from '../../core/formatting.js';
import { checkFile, textKind, writeChecked } from '../../core/outputs/singleFile.node.js';
import {
  type PredictionTable,
  predictionsToCsv,
  probabilitiesToCsv,
} from '../../eval/scores/predictionsCsv.js';
import { createModel } from '../../workflow/createModel.js';
import { roomFor } from '../../workflow/memoryCheck.node.js';
import { sayClassifier } from '../../workflow/prediction/classifier.node.js';
import {
  PREDICT_BATCH,
  type PredictionOptions,
  predictRows,
  refuseSamplewise,
} from '../../workflow/prediction/predictRows.node.js';
import { type RowsSource, readRows, rowsFor } from '../../workflow/prediction/rows.node.js';
import { define } from '../defineCommand.js';
import { option } from '../flags/sharedFlags.js';
import type { CommandContext } from '../session/commandContext.js';
import { withSession } from '../session/gpuSession.js';
import {
  addInferenceOptions,
  type InferenceFlags,
  readClassifierAhead,
  withOwnWeights,
} from '../session/inference.js';
import { inputsOf, namedHistory } from '../session/namedInputs.js';
import { type Ahead, withAhead } from '../session/openAhead.js';
import { textTable } from '../terminal/output.js';

interface PredictFlags extends InferenceFlags, RowsSource, PredictionOptions {
  out: string;
  overwrite: boolean;
}

const PREDICTIONS = textKind('table of predictions', /^[^\r\n]*_pred(,|\r|\n|$)/);

/** What is read, and whether the table can be written: before any computing. */
async function checkOut(
  { data, csv, trainCsv, images, weights, history, out, overwrite }: PredictFlags,
  files: readonly string[],
) {
  const tables =
    data === undefined ? [] : ['test.csv', 'train.csv', 'valid.csv'].map((name) => join(data, name));
  const folder = images ?? (data && join(data, 'images'));
  const inputs = await inputsOf(
    [data, csv, trainCsv, ...tables, ...files, namedHistory({ history })],
    [folder],
    weights,
  );
  await checkFile(out, { inputs, overwrite, kind: PREDICTIONS });
}

const predict = (context: CommandContext, flags: PredictFlags, files: readonly string[]) =>
  withAhead((ahead) => predictWith(context, withOwnWeights(flags), files, ahead));

async function predictWith(
  context: CommandContext,
  flags: PredictFlags,
  files: readonly string[],
  ahead: Ahead,
) {
  const { out } = context;
  await checkOut(flags, files);
  const given = await readRows(flags, files);
  const { batchSize = PREDICT_BATCH } = flags;
  const expected = Math.min(batchSize, given.table?.rows.length ?? files.length);
  const classifier = await readClassifierAhead(context, flags, ahead, expected);
  const { config, outputs, preparation } = classifier;
  const { size, pixels } = preparation;
  const rows = rowsFor(given, outputs, files);
  refuseSamplewise(classifier, flags.samplewise);
  const count = Math.min(batchSize, rows.frame.images.length);
  const admit = roomFor(config, 'predict', { count, height: size, width: size });
  const table = await withSession(context, { ...flags, pixels, admit, node: ahead.node }, async (session) => {
    const { node, pool } = session;
    sayClassifier(context, classifier);
    const model = await createModel(context, node.gpu, classifier);
    return predictRows(context, { model, pool, classifier }, rows, flags);
  });
  const known = rows.images !== null;
  const text = known ? predictionsToCsv(table) : probabilitiesToCsv(table);
  const file = await writeChecked(flags.out, text, flags.overwrite);
  if (file !== flags.out) out.warn(`${flags.out} has turned up meanwhile and stays; see ${file}.`);
  if (!known) out.say(probabilityTable(table));
  out.say(`Wrote ${plural(table.images.length, 'prediction')} to ${file}`);
  // In the table an unknown label is an empty cell.
  const unknown = table.truth.some(Number.isNaN) ? ' --unknown-labels empty' : '';
  if (known) out.say(`Score them with: chexgpu evaluate ${file}${unknown}`);
  out.document({
    command: 'predict',
    out: file,
    size,
    notice: classifier.notice,
    predictions: table.images.map((image, row) => ({ image, probabilities: byLabel(table, row) })),
  });
  return 0;
}

function byLabel({ labels, predictions }: PredictionTable, row: number): Record<string, number> {
  return Object.fromEntries(labels.map((label, c) => [label, predictions[row * labels.length + c]]));
}

/** One column per image, at most five. */
function probabilityTable(table: PredictionTable): string {
  const shown = table.images.slice(0, 5);
  const { labels, predictions } = table;
  const rows = labels.map((label, c) => [
    label,
    ...shown.map((_, row) => predictions[row * labels.length + c].toFixed(3)),
  ]);
  return textTable(['class', ...shown], rows);
}

export const predictCommand = define<PredictFlags>({
  name: 'predict',
  description: 'Writes the probabilities of every image to a CSV.',
  examples: [
    [
      'chexgpu predict a.png',
      "of the package's own network, which drawn X-rays taught: says nothing of a patient",
    ],
    ['chexgpu predict --weights runs/first/weights.h5 --data DIR', 'the images of DIR/test.csv'],
    ['chexgpu predict --weights pretrained_model.h5 --csv valid.csv --images DIR', 'those of any CSV'],
    ['chexgpu predict --weights runs/first/weights.h5 a.png b.jpg', 'image files'],
    ['chexgpu predict --weights xrv.safetensors a.png', 'with the 18 outputs of torchxrayvision'],
  ],
  flags: (command) =>
    addInferenceOptions(command.argument('[images...]', 'PNG or JPEG files'))
      .option('--data <dir>', 'folder with test.csv, train.csv for the statistics, and images/')
      .option('--csv <file>', 'CSV of the images (default: test.csv in the --data folder)')
      .addOption(option.images())
      .addOption(option.ignoreMissing())
      .addOption(option.unknownLabels())
      .option(
        '--train-csv <file>',
        'training images, for the statistics (default: train.csv in the --data folder)',
      )
      .option('--samplewise', 'normalise each image by itself', false)
      .addOption(option.batchSize(String(PREDICT_BATCH)))
      .option('--out <file>', 'CSV to write', 'predictions.csv')
      .addOption(option.overwrite('an earlier table of predictions')),
  action: predict,
});
