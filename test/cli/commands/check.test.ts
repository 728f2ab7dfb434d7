/** `chexgpu check` and `chexgpu phantoms`: files named one by one, and what their flags change. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CheckReport } from '../../../src/data/checks/checkData.js';
import { csvOf, noisePng, type TestRow } from '../../support/files/imageFolder.js';
import { chexgpu, ensureBuilt, scratchFolder } from '../../support/programs/cli.js';

const scratch = scratchFolder();
const images = scratch.path('pictures');
const ROWS: Record<string, TestRow[]> = {
  a: [{ image: '00000001_000.png', patient: 1, positive: ['Mass'] }],
  b: [{ image: '00000002_000.png', patient: 2, positive: [] }],
  c: [{ image: '00000003_000.png', patient: 3, positive: ['Edema'] }],
};
const NIH = `Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Sex,View Position
00000001_000.png,Mass,0,1,58,M,PA
00000002_000.png,Hernia,0,2,81,F,AP
00000003_000.png,Edema,0,3,40,F,PA
`;

beforeAll(async () => {
  await ensureBuilt();
  await mkdir(images, { recursive: true });
  for (const [name, rows] of Object.entries(ROWS)) {
    await writeFile(scratch.path(`${name}.csv`), csvOf(rows));
    for (const { image, patient } of rows) await writeFile(`${images}/${image}`, noisePng(patient, 32));
  }
  // No image at all, whatever its name says.
  await writeFile(`${images}/00000003_000.png`, 'text');
  await writeFile(scratch.path('nih.csv'), NIH);
});
afterAll(() => scratch.remove());

const SPLITS = ['train', 'valid', 'test'].flatMap((name, i) => [
  `--${name}`,
  scratch.path(`${'abc'[i]}.csv`),
]);

async function check(...flags: string[]): Promise<CheckReport> {
  const { stdout } = await chexgpu(['check', ...SPLITS, '--images', images, ...flags, '--json']);
  return JSON.parse(stdout) as CheckReport;
}

const kinds = ({ findings }: CheckReport) => findings.map(({ kind }) => kind);

describe('check', () => {
  it('reads each split from the file of its flag, and decodes the images unless told not to', async () => {
    const decoded = await check();
    expect(Object.keys(decoded.splits)).toEqual(['train', 'valid', 'test']);
    expect(Object.values(decoded.splits).map(({ rows }) => rows)).toEqual([1, 1, 1]);
    expect(decoded.images?.decoded).toBe(2);
    expect(kinds(decoded)).toContain('unreadable-images');
    const trusted = await check('--no-decode');
    expect(trusted.images?.decoded).toBe(0);
    expect(kinds(trusted)).not.toContain('unreadable-images');
  });

  it("compares with NIH's table where --reference names it", async () => {
    const against = await check('--no-decode', '--reference', scratch.path('nih.csv'));
    const differing = against.findings.find(({ kind }) => kind === 'labels-differ-from-nih');
    expect([differing?.splits, differing?.items]).toEqual([['valid'], ['00000002_000.png']]);
    expect(kinds(await check('--no-decode'))).not.toContain('labels-differ-from-nih');
  });
});

describe('phantoms', () => {
  it('have each finding in a fifth of the images with --balanced, a few of most without', async () => {
    const share = async (...flags: string[]) => {
      const out = scratch.path(`drawn${flags.length}`);
      await chexgpu(['phantoms', '--out', out, '--images', '20', '--size', '64', '--seed', '7', ...flags]);
      const drawn = JSON.parse(await readFile(`${out}/phantoms.json`, 'utf8'));
      const table = await readFile(`${out}/train.csv`, 'utf8');
      const rows = table
        .trim()
        .split('\n')
        .slice(1)
        .map((line) => line.split(','));
      const hernia = table.split('\n')[0].split(',').indexOf('Hernia');
      return [drawn.images, rows.filter((cells) => cells[hernia] === '1').length / rows.length];
    };
    const [count, usual] = await share();
    const [, balanced] = await share('--balanced');
    expect(count).toBe(20);
    expect(usual).toBeLessThan(0.1);
    expect(balanced).toBeGreaterThan(0.1);
  });
});
