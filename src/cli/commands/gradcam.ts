/** `chexgpu gradcam` */
import { basename, extname, join } from 'node:path';
import { UsageError } from '../../core/errors.js';
import { writeWhole } from '../../core/writeFile.node.js';
import { encodePng, gradcamTitle, overlayImage } from '../../eval/overlay.node.js';
import type { GradcamRow } from '../../eval/reportData.js';
import type { CommandContext } from '../context.js';
import { explain } from '../notebook/explain.js';
import { createModel } from '../notebook/network.js';
import { sayMeaning, trainedLabels } from '../notebook/outputs.js';
import { classNames, option, type ScoreFlag } from '../options.js';
import { plural } from '../output.js';
import { withSession } from '../session.js';
import { define } from './define.js';
import { addInferenceOptions, type InferenceFlags, prepareInference } from './inference.js';

interface GradcamFlags extends InferenceFlags, ScoreFlag {
  classes?: string[];
  out: string;
}

const USUAL_CLASSES = 4;

/** The classes that the network finds most probable. */
const mostProbable =
  (labels: readonly string[]) =>
  (probabilities: Float32Array): string[] =>
    [...probabilities.keys()]
      .filter((c) => labels[c] !== '')
      .sort((a, b) => probabilities[b] - probabilities[a])
      .slice(0, USUAL_CLASSES)
      .map((c) => labels[c]);

/** File names without folder and ending; those that occur twice get a number. */
function stems(files: readonly string[]): string[] {
  const names = files.map((file) => basename(file, extname(file)));
  return names.map((name, i) =>
    names.indexOf(name) === names.lastIndexOf(name) ? name : `${name}-${i + 1}`,
  );
}

async function pictures(folder: string, files: readonly string[], rows: readonly GradcamRow[]) {
  const names = stems(files);
  const made = await Promise.all(
    rows.flatMap((row, i) =>
      row.maps.map(async (map) => ({
        image: row.file,
        class: map.label,
        probability: map.probability,
        title: gradcamTitle(map),
        empty: map.empty,
        file: join(folder, `${names[i]}-${map.label}.png`),
        png: await encodePng(overlayImage(row.image, map)),
      })),
    ),
  );
  // All of them are made before the first is written.
  for (const { file, png } of made) await writeWhole(file, png);
  return made.map(({ png: _, ...rest }) => rest);
}

async function gradcam(context: CommandContext, flags: GradcamFlags, files: readonly string[]) {
  const { out } = context;
  const inference = await prepareInference(context, flags);
  const { network, size, interpolation } = inference;
  const strange = flags.classes?.filter((name) => !network.labels.includes(name)) ?? [];
  if (strange.length > 0) {
    throw new UsageError(
      `These weights have no output for ${strange.join(', ')}.`,
      `Their outputs are ${trainedLabels(network).join(', ')}.`,
    );
  }
  const rows = await withSession(context, flags, async (session) => {
    out.say(`Network: ${network.config.name}, weights ${network.origin}`);
    sayMeaning(context, network, inference);
    const model = await createModel(context, session, network);
    const cases = files.map((path) => ({ path, name: path, labels: [], boxes: [] }));
    const { classes, score } = flags;
    return explain(context, session, model, cases, {
      size,
      interpolation,
      score,
      classes: classes ?? mostProbable(network.labels),
      network,
    });
  });
  const maps = await pictures(flags.out, files, rows);
  out.say(`Wrote ${plural(maps.length, 'overlay')} to ${flags.out}`);
  out.document({ command: 'gradcam', out: flags.out, size, score: flags.score, maps });
  return 0;
}

export const gradcamCommand = define<GradcamFlags>({
  name: 'gradcam',
  description:
    'Shows where in an X-ray a probability comes from: one PNG for each image and class, the map over the X-ray.',
  examples: [
    ['chexgpu gradcam --weights runs/first/weights.h5 a.png b.png', 'the four most probable classes of each'],
    [
      'chexgpu gradcam --weights pretrained_model.h5 --classes Cardiomegaly,Edema --score logit --out maps a.png',
      'two classes, from the logit, into maps/',
    ],
  ],
  flags: (command) =>
    addInferenceOptions(command.argument('<images...>', 'PNG or JPEG files'))
      .option(
        '--classes <names>',
        'classes, separated by commas (default: the four most probable)',
        classNames,
      )
      .addOption(option.score())
      .option('--out <dir>', 'folder for the overlays', 'gradcam'),
  action: gradcam,
});
