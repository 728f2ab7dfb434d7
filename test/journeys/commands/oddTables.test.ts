/** One odd folder through all commands that read it; and every flag that a text names is there. */
import { readdirSync, readFileSync } from 'node:fs';
import { appendFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { define } from '../../../src/cli/defineCommand.js';
import type { CommandContext } from '../../../src/cli/session/commandContext.js';
import { Output } from '../../../src/cli/terminal/output.js';
import { densenetConfig } from '../../../src/densenet/architecture.js';
import { initialWeights } from '../../../src/densenet/initialisers.js';
import { writeTorchSafetensors } from '../../../src/densenet/weights/torch/torchWrite.js';
import type { ClassEvaluation } from '../../../src/eval/scores/evaluate.js';
import { csvOf, noisePng, randomRows, type TestRow } from '../../support/files/imageFolder.js';
import { chexgpu, ensureBuilt, lastLine, scratchFolder } from '../../support/programs/cli.js';

const scratch = scratchFolder();
const data = scratch.path('data');

const LONG = '205366866401363481462036798914558864';
const PARTS: Record<string, TestRow[]> = {
  train: randomRows(6, 1, 100),
  valid: randomRows(2, 2, 200),
  test: randomRows(4, 3, 300),
};

beforeAll(async () => {
  await ensureBuilt();
  const folder = join(data, 'images', 'images_001', 'images');
  await mkdir(folder, { recursive: true });
  for (const [part, rows] of Object.entries(PARTS)) {
    for (const { image, patient } of rows) await writeFile(join(folder, image), noisePng(patient, 32));
    // The first by its absolute path, the others below sub-folders, the first once more; one is missing.
    const named = rows.map((row, i) => ({
      ...row,
      image: i === 0 ? join(folder, row.image) : `./images_001/images/${row.image}`,
    }));
    const all = [...named, named[0], { ...named[1], image: 'gone.png' }];
    const lines = csvOf(all).trimEnd().split('\n');
    // pandas' index, a spreadsheet's line ends, and numbers of patients that no float64 holds.
    const text = lines
      .map((line, i) => (i === 0 ? `,${line}\r\n` : `${i - 1},${line.replace(/,(\d{3}),/, `,${LONG}$1,`)}\n`))
      .join('');
    await writeFile(join(data, `${part}.csv`), text);
  }
});
afterAll(() => scratch.remove());

describe('a folder with sub-folders, absolute paths, an index, mixed lines, long ids and a missing image', () => {
  const training = ['--network', 'toy', '--batch-size', '2', '--epochs', '1', '--steps-per-epoch', '1'];
  const weights = scratch.path('out', 'weights.h5');

  it('is refused by check, train and predict for the missing image alone', async () => {
    const checked = await chexgpu(['check', '--data', data, '--json']);
    expect(checked.code).toBe(3);
    const { findings, images } = JSON.parse(checked.stdout);
    const errors = findings.filter(({ severity }: { severity: string }) => severity === 'error');
    expect(errors.map(({ kind }: { kind: string }) => kind)).toContain('missing-images');
    expect(errors.find((e: { kind: string }) => e.kind === 'missing-images').items).toEqual(['gone.png']);
    expect(images.decoded).toBe(12);
    const trained = await chexgpu(['train', '--data', data, ...training, '--out', scratch.path('out')]);
    expect(lastLine(trained)).toMatch(
      /train\.csv, line 9: .*gone\.png does not exist\. Add the image.*--ignore-missing/,
    );
    expect(trained.code).toBe(3);
  });

  it('goes through check, train, predict and evaluate with --ignore-missing', async () => {
    const ignore = ['--data', data, '--ignore-missing'];
    const { findings } = JSON.parse((await chexgpu(['check', ...ignore, '--json'])).stdout);
    const missing = findings.filter(({ kind }: { kind: string }) => kind === 'missing-images');
    expect(missing.map(({ severity }: { severity: string }) => severity)).toEqual(['warning']);
    const trained = await chexgpu(['train', ...ignore, ...training, '--out', scratch.path('out')]);
    expect(trained.code, trained.stderr).toBe(0);
    expect(trained.stderr).toMatch(/train\.csv: Found 1 invalid image filename\(s\) in x_col="Image"/);
    expect(trained.stdout).toMatch(/Found 7 validated image filenames/);
    const out = scratch.path('predictions.csv');
    const predicted = await chexgpu(['predict', '--weights', weights, ...ignore, '--out', out]);
    expect(predicted.code, predicted.stderr).toBe(0);
    const text = await readFile(out, 'utf8');
    expect(text.match(new RegExp(`,${LONG}300,`, 'g'))).toHaveLength(2);
    const evaluated = await chexgpu(['evaluate', out, '--json']);
    expect(evaluated.code, evaluated.stderr).toBe(0);
    expect(JSON.parse(evaluated.stdout).samples).toBe(5);
    expect(evaluated.stderr).toMatch(/1 image on more than one row/);
  });

  it('runs with labels that are unknown where a flag says how they are written, and is refused without', async () => {
    // Of Hernia, the first label of every table is empty, of Mass all are.
    const masked = scratch.path('masked');
    await mkdir(masked);
    for (const part of Object.keys(PARTS)) {
      const lines = (await readFile(join(data, `${part}.csv`), 'utf8')).trimEnd().split(/\r?\n/);
      const header = lines[0].split(',');
      const cellsOf = (line: string, row: number) =>
        line
          .split(',')
          .map((cell, c) => (header[c] === 'Mass' || (header[c] === 'Hernia' && row === 0) ? '' : cell));
      const rows = lines.slice(1).map((line, row) => cellsOf(line, row).join(','));
      await writeFile(join(masked, `${part}.csv`), [lines[0], ...rows].join('\n'));
    }
    const flags = ['--data', masked, '--images', join(data, 'images'), '--ignore-missing', ...training];
    const refused = await chexgpu(['train', ...flags, '--out', scratch.path('none')]);
    expect([refused.code, lastLine(refused)]).toEqual([
      3,
      expect.stringMatching(/line 2.*an empty cell is not a label/),
    ]);
    const unknown = ['--unknown-labels', 'empty'];
    const ran = await chexgpu([
      'run',
      ...flags,
      ...unknown,
      '--loss',
      'focal',
      '--out',
      scratch.path('run'),
      '--json',
    ]);
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stderr).toMatch(/class +known +positives +frequency\n/);
    expect(ran.stderr).toMatch(/Mass: no image whose label is known/);
    const history = JSON.parse(await readFile(scratch.path('run', 'history.json'), 'utf8'));
    expect(history.lossFunction).toEqual({
      name: 'focal',
      settings: { gamma: 2, alpha: 0.25, unknownLabels: true },
    });
    const out = scratch.path('run', 'predictions.csv');
    const evaluated = JSON.parse((await chexgpu(['evaluate', out, ...unknown, '--json'])).stdout);
    const known = evaluated.classes.map((c: ClassEvaluation) => [c.name, c.positives + c.negatives]);
    expect(Object.fromEntries(known)).toMatchObject({ Mass: 0, Hernia: 4, Edema: 5 });
    expect(lastLine(await chexgpu(['evaluate', out]))).toMatch(/an empty cell is not a label/);
    const again = scratch.path('again.csv');
    const weights = ['--weights', scratch.path('run', 'weights.h5'), '--out', again];
    const predicted = await chexgpu(['predict', ...flags.slice(0, 5), ...unknown, ...weights]);
    const advice = `Score them with: chexgpu evaluate ${again} --unknown-labels empty\n`;
    expect(predicted.stdout).toContain(advice);
    const checked = JSON.parse((await chexgpu(['check', ...flags.slice(0, 5), ...unknown, '--json'])).stdout);
    expect(checked.splits.train.classes.Hernia).toEqual({ positives: 0, frequency: 0 });
    expect(Object.keys(checked.splits)).toEqual(['train', 'valid', 'test']);
  });

  it('names the folder above, not a path nobody wrote, when the images have moved', async () => {
    await rename(join(data, 'images'), join(data, 'pictures'));
    const ended = await chexgpu(['train', '--data', data, ...training, '--out', scratch.path('none')]);
    expect([ended.code, lastLine(ended)]).toEqual([
      3,
      expect.stringMatching(/image folder .*images does not exist/),
    ]);
    await rename(join(data, 'pictures'), join(data, 'images'));
    await appendFile(join(data, 'valid.csv'), '9,x.png\n');
    const short = await chexgpu(['train', '--data', data, ...training, '--out', scratch.path('none')]);
    expect(lastLine(short)).toMatch(/valid\.csv, line 6: 2 cells where the header has 17/);
  });
});

describe('weights with labels of their own', () => {
  const weights = scratch.path('two.safetensors');
  const predict = (csv: string, out: string) => {
    const files = ['--csv', csv, '--images', join(data, 'images'), '--out', out];
    return chexgpu([
      'predict',
      '--weights',
      weights,
      '--labels',
      'Normal,Pneumonia',
      '--size',
      '32',
      ...files,
    ]);
  };

  it('predict a CSV that has these, and evaluate scores them', async () => {
    const config = densenetConfig('densenet121', { classes: 2 });
    const labels = ['Normal', 'Pneumonia'];
    await writeFile(weights, writeTorchSafetensors(initialWeights(config, 1), config, { labels }));
    const rows = PARTS.train.map(
      ({ image }, i) => `images_001/images/${image},p${i},${i % 2},${1 - (i % 2)}`,
    );
    await writeFile(scratch.path('own.csv'), `Image,PatientId,Normal,Pneumonia\n${rows.join('\n')}\n`);
    const predicted = await predict(scratch.path('own.csv'), scratch.path('own-predictions.csv'));
    expect(predicted.code, predicted.stderr).toBe(0);
    const evaluated = await chexgpu(['evaluate', scratch.path('own-predictions.csv'), '--json']);
    const { classes, samples } = JSON.parse(evaluated.stdout);
    expect([samples, classes.map((c: { name: string }) => c.name)]).toEqual([6, ['Pneumonia', 'Normal']]);
    const refused = await predict(join(data, 'train.csv'), scratch.path('none.csv'));
    expect(lastLine(refused)).toMatch(
      /no output for Cardiomegaly.*a column for each of its outputs \(Normal, Pneu/,
    );
    expect(refused.code).toBe(4);
  });
});

describe('flags that texts name', () => {
  const source = fileURLToPath(new URL('../../../src', import.meta.url));
  const sources = (folder: string): string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return sources(path);
      return entry.name.endsWith('.ts') ? [path] : [];
    });
  const flagsOf = (command: Command): string[] => [
    ...command.options.map(({ long }) => long ?? ''),
    ...command.commands.flatMap(flagsOf),
  ];
  /** Git's, TensorBoard's, Node's, the browser's, and variables that a style sheet is given. */
  const OTHERS = [
    '--porcelain',
    '--logdir',
    '--input-type',
    '--enable-unsafe-webgpu',
    '--depth',
    '--columns',
  ];
  /** What code puts together, `--no-${name}`, names none. */
  const NAMED = /(?<![\w$-])--(?!this\.)[a-z][a-z-]*[a-z](?![a-z-]*\$\{)/g;
  /** Flags that a source names; a style sheet's variables are none. */
  const flagsIn = (text: string): string[] => {
    const variables = new Set(text.match(/(?<=var\()--[a-z-]+/g));
    return (text.match(NAMED) ?? []).filter((name) => !variables.has(name));
  };

  it('are there', async () => {
    const context = { out: new Output({ json: false }) } as CommandContext;
    const modules = await Promise.all(sources(join(source, 'cli', 'commands')).map((path) => import(path)));
    const commands = modules.flatMap((module) =>
      Object.entries(module).flatMap(([name, make]) =>
        name.endsWith('Command') ? [(make as ReturnType<typeof define>)(context, () => {})] : [],
      ),
    );
    const declared = new Set([...commands.flatMap(flagsOf), '--help', '--version', ...OTHERS]);
    expect(declared.size).toBeGreaterThan(50);
    const texts = sources(source).map((path) => readFileSync(path, 'utf8'));
    const named = new Set(texts.flatMap(flagsIn));
    expect(named).toContain('--ignore-missing');
    expect([...named].filter((flag) => !declared.has(flag))).toEqual([]);
  });
});
