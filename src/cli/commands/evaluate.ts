/** `chexgpu evaluate`: scores of predictions, counted in src/eval/scores. */
import { Option } from 'commander';
import { addFiles, checkAdding, type NewFile } from '../../core/outputs/addFiles.node.js';
import { rocSpec } from '../../eval/report/figureSpecs.js';
import { renderFigure } from '../../eval/report/renderFigures.node.js';
import { operatingPoints } from '../../eval/scores/operatingPoints.js';
import { readPredictionsCsv } from '../../eval/scores/predictionsCsv.node.js';
import { bootstrapPredictions, sayBootstrap } from '../../workflow/results/bootstrap.js';
import { sayEvaluation, scorePredictions } from '../../workflow/results/evaluation.js';
import { define } from '../defineCommand.js';
import { option, wholeNumber } from '../flags/sharedFlags.js';
import { inputsOf } from '../session/namedInputs.js';

const FILES = ['roc.svg', 'evaluation.json', 'operating-points.json'];

interface EvaluateFlags {
  out?: string;
  overwrite: boolean;
  unknownLabels?: readonly string[];
  bootstrap?: number;
  against?: string;
  seed: number;
  note: string;
}

export const evaluateCommand = define<EvaluateFlags>({
  name: 'evaluate',
  description: 'Scores predictions: AUC of every class with its 95 % interval, and the ROC curves.',
  examples: [
    ['chexgpu evaluate runs/first/predictions.csv', 'the table of AUCs'],
    [
      'chexgpu evaluate predictions.csv --out scores',
      'and scores/roc.svg, scores/evaluation.json, scores/operating-points.json',
    ],
    [
      'chexgpu evaluate a.csv --against b.csv',
      'is a better than b? The difference of the mean AUCs, by 2,000 draws',
    ],
  ],
  flags: (command) =>
    command
      .argument('<predictions.csv>', 'labels, and a column <Label>_pred for each; columns are found by name')
      .option('--out <dir>', `folder for ${FILES.join(', ')}`)
      .option(
        '--note <text>',
        'which images these are, kept in operating-points.json',
        'the images of the table',
      )
      .addOption(
        new Option('--bootstrap <draws>', '95 % interval of the mean AUC by so many draws of patients')
          .argParser(wholeNumber(1))
          .default(undefined, 'none, with --against 2000'),
      )
      .option(
        '--against <csv>',
        'predictions of the same rows by another model: the difference of the mean AUCs',
      )
      .addOption(option.seed())
      .addOption(option.unknownLabels())
      .addOption(option.overwrite('those of an earlier evaluation')),
  action: async ({ out }, flags, [file]) => {
    const inputs = await inputsOf(flags.against === undefined ? [file] : [file, flags.against]);
    const options = { inputs, overwrite: flags.overwrite };
    if (flags.out !== undefined) await checkAdding(flags.out, options, FILES);
    const table = await readPredictionsCsv(file, null, flags);
    const other =
      flags.against === undefined ? undefined : await readPredictionsCsv(flags.against, table.labels, flags);
    const result = scorePredictions({ out }, table);
    sayEvaluation({ out }, result);
    const bootstrap = bootstrapPredictions(table, other, flags);
    if (bootstrap) sayBootstrap({ out }, bootstrap, flags.against);
    const files: string[] = [];
    if (flags.out !== undefined) {
      const added: NewFile[] = [];
      if (result.meanAuc !== null) {
        const figure = await renderFigure('roc', `ROC curves on ${result.samples} images.`, rocSpec(result));
        added.push({ name: 'roc', ending: '.svg', content: figure.svg });
      }
      const content = `${JSON.stringify({ ...result, bootstrap }, null, 1)}\n`;
      added.push({ name: 'evaluation', ending: '.json', content });
      const without = result.classes.find(({ auc }) => auc === null);
      if (without) {
        out.warn(`operating-points.json is not written: ${without.name} has ${without.reason}.`);
      } else {
        const points = operatingPoints(table, flags.note);
        added.push({
          name: 'operating-points',
          ending: '.json',
          content: `${JSON.stringify(points, null, 1)}\n`,
        });
      }
      files.push(...(await addFiles(flags.out, added, options)));
      for (const path of files) out.say(`Wrote ${path}`);
    }
    out.document({ command: 'evaluate', predictions: file, ...result, bootstrap, files });
    return 0;
  },
});
