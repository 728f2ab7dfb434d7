/** `chexgpu gradcam`: where a probability comes from; the maps are made by src/workflow/results/explain.node.ts. */
import { basename, extname } from 'node:path';
import { UsageError } from '../../../core/errors.js';
import { plural } from '../../../core/formatting.js';
import { addFiles, checkAdding } from '../../../core/outputs/addFiles.node.js';
import { FreeNames, safeName } from '../../../core/outputs/safeNames.js';
import { encodePng, gradcamTitle, overlayImage } from '../../../eval/explain/overlay.node.js';
import type { GradcamRow } from '../../../eval/report/reportData.js';
import { createModel } from '../../../workflow/createModel.js';
import { roomFor } from '../../../workflow/memoryCheck.node.js';
import { sayClassifier } from '../../../workflow/prediction/classifier.node.js';
import { chooseLabels, mostProbable } from '../../../workflow/prediction/outputs.js';
import { chooseScore, explain, explanationOf } from '../../../workflow/results/explain.node.js';
import { define } from '../../defineCommand.js';
import { names, option } from '../../flags/sharedFlags.js';
import type { CommandContext } from '../../session/commandContext.js';
import { withSession } from '../../session/gpuSession.js';
import { addInferenceOptions, readClassifierAhead, withOwnWeights } from '../../session/inference.js';
import { inputsOf, namedHistory } from '../../session/namedInputs.js';
import { type Ahead, withAhead } from '../../session/openAhead.js';
import { type PointingFlags, pointing } from '../../session/pointing.js';
import { Problems } from '../../terminal/lateFailures.js';

/** Of the name of a picture, so that what it is of is left of a long one: of the file's name, and of the class. */
const STEM_BYTES = 120;
const CLASS_BYTES = 80;

/**
 * A name for each file's pictures: its own without folder and ending, with a number where several have the same.
 * Those that nobody else has are given out first.
 */
function stems(files: readonly string[]): Map<string, string> {
  const own = files.map((file) => basename(file, extname(file)));
  const isAlone = (i: number) => own.indexOf(own[i]) === own.lastIndexOf(own[i]);
  const order = [...files.keys()].sort((a, b) => Number(isAlone(b)) - Number(isAlone(a)) || a - b);
  const names = new FreeNames();
  return new Map(order.map((i) => [files[i], names.take(safeName(own[i], STEM_BYTES))]));
}

/** One picture per image and class. All of them are made before the first is written. */
async function pictures(rows: readonly GradcamRow[], stemOf: ReadonlyMap<string, string>) {
  return Promise.all(
    rows.flatMap((row) =>
      row.maps.map(async (map) => ({
        image: row.file,
        class: map.label,
        probability: map.probability,
        title: gradcamTitle(map),
        empty: map.empty,
        name: `${stemOf.get(row.file)}-${safeName(map.label, CLASS_BYTES)}`,
        png: await encodePng(overlayImage(row.image, map)),
      })),
    ),
  );
}

const gradcam = (context: CommandContext, typed: PointingFlags, files: readonly string[]) =>
  withAhead((ahead) => {
    const flags = withOwnWeights(typed);
    return files.length === 0 ? pointing(context, flags, ahead) : gradcamWith(context, flags, files, ahead);
  });

async function gradcamWith(
  context: CommandContext,
  flags: PointingFlags,
  files: readonly string[],
  ahead: Ahead,
) {
  const { out } = context;
  const { overwrite } = flags;
  if (flags.data ?? flags.csv ?? flags.boxes ?? flags.images) {
    throw new UsageError(
      'Image files were given, and a CSV or what belongs to one.',
      'Give files; or --data, or --csv with --images and --boxes.',
    );
  }
  const images = [...new Set(files)];
  const inputs = await inputsOf([...images, namedHistory(flags)], [], flags.weights);
  await checkAdding(flags.out, { inputs });
  const classifier = await readClassifierAhead(context, flags, ahead, 1);
  const { config, outputs, preparation } = classifier;
  const { size, pixels } = preparation;
  const classes = flags.classes && chooseLabels(flags.classes, outputs);
  const score = chooseScore(config, flags.score);
  const problems = new Problems(context);
  const failed: Error[] = [];
  const admit = roomFor(config, 'predict', { count: 1, height: size, width: size });
  const rows = await withSession(context, { ...flags, pixels, admit, node: ahead.node }, async (session) => {
    sayClassifier(context, classifier);
    const model = await createModel(context, session.node.gpu, classifier);
    const cases = images.map((path) => ({ path, name: path, labels: [], boxes: [] }));
    return explain(context, session.pool, model, cases, {
      ...explanationOf(classifier),
      score,
      classes: classes ?? mostProbable(outputs),
      onFailure: (name, error) => {
        failed.push(error);
        if (images.length > 1) problems.add(name, error);
      },
    });
  });
  if (rows.length === 0) throw failed[0];
  const names = stems(images);
  const made = await pictures(rows, names);
  const added = made.map(({ name, png }) => ({ name, ending: '.png', content: png }));
  const paths = await addFiles(flags.out, added, { inputs, overwrite });
  const maps = made.map(({ png: _, name: __, ...facts }, i) => ({ ...facts, file: paths[i] }));
  for (const [image, name] of names) {
    if (name !== basename(image, extname(image))) out.say(`Those of ${image} are named ${name}-...`);
  }
  out.say(`Wrote ${plural(maps.length, 'overlay')} to ${flags.out}`);
  out.document({
    command: 'gradcam',
    out: flags.out,
    size,
    notice: classifier.notice,
    score,
    maps,
    problems: problems.list,
  });
  return problems.exitCode;
}

export const gradcamCommand = define<PointingFlags>({
  name: 'gradcam',
  description:
    'Shows where in an X-ray a probability comes from: one PNG for each image and class, the map over the X-ray.',
  examples: [
    [
      'chexgpu gradcam a.png',
      "by the package's own network, which drawn X-rays taught: says nothing of a patient",
    ],
    ['chexgpu gradcam --weights runs/first/weights.h5 a.png b.png', 'the four most probable classes of each'],
    [
      'chexgpu gradcam --weights pretrained_model.h5 --classes Cardiomegaly,Edema --score logit --out maps a.png',
      'two classes, from the logit, into maps/',
    ],
    [
      'chexgpu gradcam --weights runs/first/weights.h5 --data DIR',
      'how often the maps of DIR/test.csv point into the boxes of DIR/boxes.csv',
    ],
  ],
  flags: (command) =>
    addInferenceOptions(command.argument('[images...]', 'PNG or JPEG files'))
      .option(
        '--classes <names>',
        'outputs by name or number, separated by commas (default: the four most probable)',
        names,
      )
      .addOption(option.score())
      .option('--data <dir>', 'without image files: folder with test.csv, images/ and boxes.csv to point at')
      .option('--csv <file>', 'CSV of the images (default: test.csv in the --data folder)')
      .addOption(option.images())
      .option('--boxes <file>', 'boxes of the findings (default: boxes.csv in the --data folder)')
      .option('--out <dir>', 'folder for the overlays; what is in it stays', 'gradcam')
      .addOption(option.overwrite('earlier overlays of the same name (else new ones get a number)')),
  action: gradcam,
});
