/** `chexgpu evaluate`: scores of predictions, counted in src/eval/scores. */
import { addFiles, checkAdding, type NewFile } from '../../core/outputs/addFiles.node.js';
import { rocSpec } from '../../eval/report/figureSpecs.js';
import { renderFigure } from '../../eval/report/renderFigures.node.js';
import { readPredictionsCsv } from '../../eval/scores/predictionsCsv.node.js';
import { sayEvaluation, scorePredictions } from '../../workflow/results/evaluation.js';
import { define } from '../defineCommand.js';
import { option } from '../flags/sharedFlags.js';
import { inputsOf } from '../session/namedInputs.js';

const FILES = ['roc.svg', 'evaluation.json'];

interface EvaluateFlags {
  out?: string;
  overwrite: boolean;
  unknownLabels?: readonly string[];
}

export const evaluateCommand = define<EvaluateFlags>({
  name: 'evaluate',
  description: 'Scores predictions: AUC of every class with its 95 % interval, and the ROC curves.',
  examples: [
    ['chexgpu evaluate runs/first/predictions.csv', 'the table of AUCs'],
    ['chexgpu evaluate predictions.csv --out scores', 'and scores/roc.svg, scores/evaluation.json'],
  ],
  flags: (command) =>
    command
      .argument('<predictions.csv>', 'labels, and a column <Label>_pred for each; columns are found by name')
      .option('--out <dir>', 'folder for roc.svg and evaluation.json')
      .addOption(option.unknownLabels())
      .addOption(option.overwrite('those of an earlier evaluation')),
  action: async ({ out }, flags, [file]) => {
    const options = { inputs: await inputsOf([file]), overwrite: flags.overwrite };
    if (flags.out !== undefined) await checkAdding(flags.out, options, FILES);
    const result = scorePredictions({ out }, await readPredictionsCsv(file, null, flags));
    sayEvaluation({ out }, result);
    const files: string[] = [];
    if (flags.out !== undefined) {
      const added: NewFile[] = [];
      if (result.meanAuc !== null) {
        const figure = await renderFigure('roc', `ROC curves on ${result.samples} images.`, rocSpec(result));
        added.push({ name: 'roc', ending: '.svg', content: figure.svg });
      }
      const content = `${JSON.stringify(result, null, 1)}\n`;
      added.push({ name: 'evaluation', ending: '.json', content });
      files.push(...(await addFiles(flags.out, added, options)));
      for (const path of files) out.say(`Wrote ${path}`);
    }
    out.document({ command: 'evaluate', predictions: file, ...result, files });
    return 0;
  },
});
