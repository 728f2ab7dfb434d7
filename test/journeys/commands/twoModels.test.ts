/** `evaluate`: how sure a mean AUC is (`--bootstrap`), whether another one differs (`--against`), operating points. */
import { writeFile } from 'node:fs/promises';
import { beforeAll, expect, it } from 'vitest';
import { chexgpu, ensureBuilt, lastLine, scratchFolder } from '../../support/programs/cli.js';

const scratch = scratchFolder();
const [good, bad] = [scratch.path('good.csv'), scratch.path('bad.csv')];

const table = (share: number, images = 60) =>
  ['Image,PatientId,Mass,Edema,Mass_pred,Edema_pred']
    .concat(
      Array.from({ length: images }, (_, k) => {
        const [mass, edema] = [Number(k % 3 === 0), Number(k % 4 === 1)];
        const score = (y: number, prime: number) => (share * y + ((k * prime) % 61) / 61) / (1 + share);
        return [
          `${k}.png`,
          k >> 1,
          mass,
          edema,
          score(mass, 17).toFixed(4),
          score(edema, 23).toFixed(4),
        ].join();
      }),
    )
    .join('\n');

beforeAll(async () => {
  await ensureBuilt();
  await writeFile(good, table(0.4));
  await writeFile(bad, table(0));
});

it('tells the interval and the difference, the same for the same seed', async () => {
  const ended = await chexgpu(['evaluate', good, '--against', bad, '--bootstrap', '500']);
  expect([ended.code, ended.stderr]).toEqual([0, '']);
  expect(ended.stdout).toMatch(
    /95 % interval of the mean AUC, 500 draws of 30 patients: \d\.\d{3} to \d\.\d{3}/,
  );
  expect(ended.stdout).toMatch(/Mean AUC minus that of .*bad\.csv: \+0\.\d{3}, 95 % interval \d\.\d{3} to /);
  const documents = await Promise.all(
    ['1', '1', '2'].map((seed) => chexgpu(['evaluate', good, '--against', bad, '--seed', seed, '--json'])),
  );
  const [first, again, other] = documents.map(({ stdout }) => JSON.parse(stdout).bootstrap);
  expect(again).toEqual(first);
  expect(other.interval).not.toEqual(first.interval);
  expect(first).toMatchObject({ replicates: 2000, groups: 30, byPatient: true });
  expect(first.difference.mean).toBeGreaterThan(0.2);
});

it('says why there are no operating points', async () => {
  const [one, out] = [scratch.path('one.csv'), scratch.path('scores')];
  await writeFile(one, 'Image,Mass,Edema,Mass_pred,Edema_pred\na.png,1,0,0.7,0.2\nb.png,0,0,0.3,0.1\n');
  const { code, stdout, stderr } = await chexgpu(['evaluate', one, '--out', out]);
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /operating-points\.json is not written: Edema has no positive example among 2 images/,
  );
  expect(stdout).not.toContain('operating-points.json');
});

it('refuses another table that is of other images', async () => {
  const shorter = scratch.path('shorter.csv');
  await writeFile(shorter, table(0.4, 40));
  const ended = await chexgpu(['evaluate', good, '--against', shorter]);
  expect([ended.code, lastLine(ended)]).toEqual([
    2,
    expect.stringMatching(/one has 60 rows, the other 40\. Compare/),
  ]);
  const renamed = scratch.path('renamed.csv');
  await writeFile(renamed, table(0.4).replace('\n7.png', '\nseven.png'));
  expect(lastLine(await chexgpu(['evaluate', good, '--against', renamed]))).toMatch(
    /row 8 is 7\.png in one and seven\.png in the other/,
  );
});
