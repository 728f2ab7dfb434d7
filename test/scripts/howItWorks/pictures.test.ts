/** The essays' pictures: those that are the same on every adapter are drawn anew, and are what lies there. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { PICTURES } from '../../../scripts/howItWorks/pictures.js';

const FOLDER = fileURLToPath(new URL('../../../docs/how-it-works/images', import.meta.url));
/** Lives in the arena differ by the adapter's kernels, and Grad-CAM's runs DenseNet121 at 224 px. */
const DRAWN = ['dense', 'block', 'variants', 'factors', 'half'];

it.each(DRAWN)('%s.svg is what the script draws', async (name) => {
  expect(await PICTURES[name]()).toBe(readFileSync(join(FOLDER, `${name}.svg`), 'utf8'));
});

it('draws each picture that there is', () => {
  expect(readdirSync(FOLDER).sort()).toEqual(
    Object.keys(PICTURES)
      .map((name) => `${name}.svg`)
      .sort(),
  );
});
