/** Draws the pictures of docs/how-it-works. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PICTURES } from './pictures.js';

const FOLDER = 'docs/how-it-works/images';
const wanted = process.argv.slice(2);
for (const [name, draw] of Object.entries(PICTURES)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const picture = await draw();
  writeFileSync(join(FOLDER, `${name}.svg`), picture);
  console.log(`${name}.svg ${picture.length} bytes`);
}
