/** Fits the check of X-rays on drawings, or counts how often it warns of the pictures in some folders. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { frontalChest } from '../../src/data/checks/frontalChest.js';
import { decodeFile } from '../../src/data/images/decode.node.js';
import type { PixelImage } from '../../src/data/images/pixels.js';
import { fittedModel } from './fitModel.js';
import { chests, others } from './pictures.js';

const SEEDS = { chests: 304, others: 305 };

function count(name: string, pictures: Iterable<PixelImage>): void {
  let [warned, all] = [0, 0];
  for (const picture of pictures) {
    all++;
    if (frontalChest(picture).doubts.length > 0) warned++;
  }
  console.log(
    `${name}: ${warned} of ${all} are no chest X-ray by the check (${((100 * warned) / all).toFixed(1)} %)`,
  );
}

async function countFolder(folder: string, names: boolean): Promise<void> {
  const pictures: PixelImage[] = [];
  for (const file of readdirSync(folder).sort()) {
    try {
      const { image } = await decodeFile(join(folder, file));
      pictures.push(image);
      if (names) console.log(file, frontalChest(image));
    } catch (error) {
      console.log(`${file}: ${(error as Error).message}`);
    }
  }
  count(folder, pictures);
}

const [what, ...rest] = process.argv.slice(2);
if (what === 'fit') writeFileSync(rest[0] ?? 'src/data/checks/chestModel.ts', fittedModel());
else {
  count('600 new phantoms', chests(600, SEEDS.chests));
  count('600 new drawings of other things', others(600, SEEDS.others));
  for (const folder of rest.filter((one) => one !== '--names'))
    await countFolder(folder, rest.includes('--names'));
}
