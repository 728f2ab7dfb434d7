/** The essays' pictures: those of formulas and of recorded figures are drawn anew, and are what lies there. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { PICTURES } from '../../../scripts/howItWorks/pictures.js';

const FOLDER = fileURLToPath(new URL('../../../docs/how-it-works/images', import.meta.url));
/** Those that need no adapter. */
const DRAWN = ['dense', 'variants', 'factors', 'half'];

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
