/** `chexgpu phantoms`: synthetic X-rays, drawn by src/data/phantoms. */

import { plural } from '../../core/formatting.js';
import { drawPhantoms, type PhantomsToDraw } from '../../workflow/data/phantoms.node.js';
import { define } from '../defineCommand.js';
import { option, wholeNumber } from '../flags/sharedFlags.js';
import { textTable } from '../terminal/output.js';

export const phantomsCommand = define<PhantomsToDraw>({
  name: 'phantoms',
  description:
    'Draws synthetic chest X-rays of synthetic patients: images/, train.csv, valid.csv, test.csv, and boxes.csv ' +
    'with the true place of each finding. The same seed gives the same bytes.',
  examples: [
    ['chexgpu phantoms --out phantoms', "500 X-rays of 320 px with the notebook's class frequencies"],
    [
      'chexgpu phantoms --out small --images 60 --size 64 --seed 7 --balanced',
      'few and small ones, each finding in a fifth of them',
    ],
  ],
  flags: (command) =>
    command
      .requiredOption('--out <dir>', 'folder to make')
      .option('--images <n>', 'X-rays to draw, 3 or more', wholeNumber(3), 500)
      .option('--size <px>', 'side of the X-rays', wholeNumber(64, 1024), 320)
      .addOption(option.seed())
      .option('--balanced', "each finding in a fifth of the X-rays, not at the notebook's frequencies", false)
      .option('--workers <n>', 'threads that draw; 0 for none (default: one per core)', wholeNumber(0, 64))
      .option('--no-cache', "draw all of them anew; keep none in the user's cache folder")
      .option('--overwrite', 'replace a folder that phantoms were written to', false),
  action: async (context, flags) => {
    const { out } = context;
    const summary = await drawPhantoms(context, flags);
    const { splits, positives } = summary;
    out.say(
      textTable(
        ['finding', 'images', ...Object.keys(splits)],
        Object.entries(positives).map(([label, count]) => [
          label,
          count,
          ...Object.values(splits).map((split) => split.positives[label]),
        ]),
      ),
    );
    for (const [name, { images, patients }] of Object.entries(splits)) {
      out.say(`${name}.csv: ${plural(images, 'image')} of ${plural(patients, 'patient')}`);
    }
    out.say(`Drew ${plural(summary.images, 'phantom')} of ${summary.size} px into ${flags.out}`);
    out.document({ command: 'phantoms', out: flags.out, ...summary });
    return 0;
  },
});
