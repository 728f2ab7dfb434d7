/** `chexgpu evaluate` */
import { join } from 'node:path';
import { writeWhole } from '../../core/writeFile.node.js';
import { rocSpec } from '../../eval/figureSpecs.js';
import { renderFigure } from '../../eval/figures.node.js';
import { readPredictionsCsv } from '../../eval/predictionsCsv.node.js';
import { sayEvaluation, scorePredictions } from '../notebook/evaluation.js';
import { define } from './define.js';

export const evaluateCommand = define<{ out?: string }>({
  name: 'evaluate',
  description: 'Scores predictions: AUC of every class with its 95 % interval, and the ROC curves.',
  examples: [
    ['chexgpu evaluate runs/first/predictions.csv', 'the table of AUCs'],
    ['chexgpu evaluate predictions.csv --out scores', 'and scores/roc.svg, scores/evaluation.json'],
  ],
  flags: (command) =>
    command
      .argument('<predictions.csv>', 'labels, and a column <Label>_pred for each; columns are found by name')
      .option('--out <dir>', 'folder for roc.svg and evaluation.json'),
  action: async ({ out }, flags, [file]) => {
    const result = scorePredictions({ out }, await readPredictionsCsv(file));
    sayEvaluation({ out }, result);
    const files: string[] = [];
    if (flags.out !== undefined) {
      const write = async (name: string, content: string) => {
        const path = join(flags.out as string, name);
        await writeWhole(path, content);
        files.push(path);
      };
      if (result.meanAuc !== null) {
        const figure = await renderFigure('roc', `ROC curves on ${result.samples} images.`, rocSpec(result));
        await write('roc.svg', figure.svg);
      }
      await write('evaluation.json', `${JSON.stringify(result, null, 1)}\n`);
      for (const path of files) out.say(`Wrote ${path}`);
    }
    out.document({ command: 'evaluate', predictions: file, ...result, files });
    return 0;
  },
});
