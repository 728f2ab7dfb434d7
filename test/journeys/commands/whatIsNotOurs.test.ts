/** What commands write to and what they leave alone, and that no finished training is lost. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LABELS } from '../../../src/data/tables/labels.js';
import { densenetConfig } from '../../../src/densenet/architecture.js';
import { initialWeights } from '../../../src/densenet/initialisers.js';
import { readWeightFile, writeWeightFile } from '../../../src/densenet/weights/weights.node.js';
import { csvOf, randomRows, writeImages } from '../../support/files/imageFolder.js';
import { GRAY, writePng } from '../../support/files/png.js';
import { chexgpu, ensureBuilt, lastLine, scratchFolder } from '../../support/programs/cli.js';
import type { Ended } from '../../support/programs/nodeProgram.js';

const scratch = scratchFolder();
const data = scratch.path('project', 'data');
const project = scratch.path('project');
const weights = scratch.path('weights', 'w.h5');
const TRAINING = ['--network', 'toy', '--batch-size', '2', '--steps-per-epoch', '1', '--workers', '1'];

const SPLITS = {
  train: randomRows(6, 1, 100),
  valid: randomRows(2, 2, 200),
  test: randomRows(4, 3, 300),
};
const imageOf = (split: keyof typeof SPLITS, row: number) => join(data, 'images', SPLITS[split][row].image);

/** Every file below a folder with its hash. */
async function snapshot(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile())
      found[path] = createHash('sha256')
        .update(await readFile(path))
        .digest('hex');
  }
  return found;
}

/** It ends at once, before any adapter is opened. */
async function expectRefusal(
  args: string[],
  code: number,
  line: RegExp,
  cwd = scratch.path(),
): Promise<void> {
  const ended = await chexgpu(args, {}, { cwd });
  expect(lastLine(ended), args.join(' ')).toMatch(line);
  expect(ended.code, args.join(' ')).toBe(code);
  expect(ended.stdout, args.join(' ')).toBe('');
}

beforeAll(async () => {
  await ensureBuilt();
  for (const [split, rows] of Object.entries(SPLITS)) {
    await writeImages(data, rows, 32);
    await writeFile(join(data, `${split}.csv`), csvOf(rows));
  }
  for (const file of ['notes.txt', 'history.json', 'report.json', '.git/HEAD']) {
    await mkdir(dirname(join(project, file)), { recursive: true });
    await writeFile(join(project, file), '{}');
  }
  const config = densenetConfig('densenet121');
  await writeWeightFile(weights, initialWeights(config, 1), config);
  await writeFile(scratch.path('weights', 'history.json'), '{}');
});
afterAll(() => scratch.remove());

describe('what is not ours', () => {
  it('is never replaced by a run, a training or phantoms, with --overwrite or without', async () => {
    const before = await snapshot(scratch.path());
    const train = ['train', '--data', data, ...TRAINING];
    await symlink(data, scratch.path('link'));
    await expectRefusal(
      [...train, '--out', project, '--overwrite'],
      2,
      /project holds what this command reads/,
    );
    await expectRefusal(
      [...train, '--out', scratch.path('link'), '--overwrite'],
      2,
      /link is what this command/,
    );
    await expectRefusal(['run', '--out', '.', '--overwrite'], 2, /did not write/, project);
    await expectRefusal(['phantoms', '--out', project, '--overwrite'], 2, /did not write/);
    await expectRefusal(['train', '--data', data, '--name', '..', '--overwrite'], 2, /no name for a run/);
    await expectRefusal(['run', '--name', 'a/../../x'], 2, /no name for a run/);
    await expectRefusal(
      ['run', '--out', join(data, 'images', 'x'), '--data', data],
      2,
      /lies among the images/,
    );
    const resumed = ['train', '--data', data, '--weights', weights, '--out', dirname(weights), '--overwrite'];
    await expectRefusal(resumed, 2, /holds what this command reads/);
    expect(await snapshot(scratch.path())).toEqual(before);
  });

  it('is never replaced by a single file', async () => {
    const [image, other] = [imageOf('test', 0), imageOf('test', 1)];
    await copyFile(image, scratch.path('xray.png'));
    const before = await snapshot(scratch.path());
    const predict = ['predict', '--weights', weights];
    const onto = (out: string) => ['--out', out, '--overwrite'];
    await expectRefusal([...predict, image, '--out', scratch.path('xray.png')], 2, /exists.*--overwrite/);
    await expectRefusal([...predict, image, ...onto(scratch.path('xray.png'))], 2, /no table of predictions/);
    await expectRefusal([...predict, image, other, ...onto(other)], 2, /what this command reads/);
    await expectRefusal([...predict, image, ...onto(weights)], 2, /what this command reads/);
    await expectRefusal(
      [...predict, '--data', data, ...onto(join(data, 'test.csv'))],
      2,
      /this command reads/,
    );
    await expectRefusal(
      [...predict, '--data', data, ...onto(join(data, 'valid.csv'))],
      2,
      /this command reads/,
    );
    await expectRefusal(['convert', weights, weights, '--overwrite'], 2, /what this command reads/);
    await expectRefusal(['profile', 'predict', '--trace', image, '--overwrite'], 2, /no Chrome trace/);
    await expectRefusal(['bench', 'peaks', '--html', image, '--overwrite'], 2, /no page of a bench/);
    expect(await snapshot(scratch.path())).toEqual(before);
  });

  it.runIf(existsSync('/proc/self'))(
    'below /proc nothing can be written, which every command says before the computing',
    async () => {
      const line = /\/proc\/x\S* could not be written/;
      const image = imageOf('test', 0);
      await expectRefusal(['run', '--out', '/proc/x'], 3, line);
      await expectRefusal(['phantoms', '--out', '/proc/x/y'], 3, line);
      await expectRefusal(['predict', '--weights', weights, image, '--out', '/proc/x/y.csv'], 3, line);
      await expectRefusal(['gradcam', '--weights', weights, image, '--out', '/proc/x'], 3, line);
    },
  );
});

describe('Grad-CAM', () => {
  it('writes below its folder only, each picture under a name of its own, and goes on past a blank film', async () => {
    const here = scratch.path('cams');
    for (const [name, row] of [
      ['x/a.png', 0],
      ['y/a.png', 1],
      ['a-2.png', 2],
    ] as const) {
      await mkdir(dirname(join(here, name)), { recursive: true });
      await copyFile(imageOf('test', row), join(here, name));
    }
    const samples = new Uint8Array(32 * 32);
    await writeFile(
      join(here, 'blank.png'),
      writePng({ width: 32, height: 32, bitDepth: 8, colorType: GRAY, samples }),
    );
    // Whichever are the most probable.
    const names = LABELS.map((label, i) => `../../${i % 2 ? label : '/'.repeat(i)}/escaped`);
    const first = await chexgpu(
      [
        'gradcam',
        '--weights',
        weights,
        '--size',
        '32',
        '--labels',
        names.join(','),
        '--out',
        'out/maps',
        '--json',
      ].concat('x/a.png', 'blank.png', 'y/a.png', 'a-2.png'),
      {},
      { cwd: here },
    );
    expect([first.code, lastLine(first)]).toEqual([8, expect.stringContaining('Wrote 12 overlays')]);
    expect(first.stderr).toMatch(/^warning: .*blank\.png/m);
    const { maps, problems } = JSON.parse(first.stdout) as {
      maps: { file: string }[];
      problems: { part: string }[];
    };
    expect(problems.map(({ part }) => part)).toEqual(['blank.png']);
    const files = maps.map(({ file }) => file);
    expect(new Set(files).size).toBe(12);
    const pngs = (await readdir(here, { recursive: true })).filter((name) => name.startsWith('out'));
    expect(pngs.filter((name) => name.endsWith('.png')).sort()).toEqual([...files].sort());
  });
});

describe('a finished training', () => {
  let damaged = '';

  beforeAll(async () => {
    damaged = scratch.path('damaged');
    await cp(data, damaged, { recursive: true });
    const whole = await readFile(imageOf('test', 1));
    await writeFile(join(damaged, 'images', SPLITS.test[1].image), whole.subarray(0, whole.length / 2));
    const samples = new Uint8Array(32 * 32);
    const black = writePng({ width: 32, height: 32, bitDepth: 8, colorType: GRAY, samples });
    await writeFile(join(damaged, 'images', SPLITS.test[0].image), black);
  });

  it('is not begun where an image or a box is damaged', async () => {
    const out = ['--out', scratch.path('begun')];
    const run = await chexgpu(['run', '--data', damaged, ...TRAINING, ...out]);
    expect([run.code, lastLine(run)]).toEqual([3, expect.stringContaining(SPLITS.test[1].image)]);
    expect(run.stdout).not.toMatch(/^Training on/m);
    const boxes = scratch.path('boxes');
    await cp(data, boxes, { recursive: true });
    await writeFile(
      join(boxes, 'boxes.csv'),
      `Image,Label,x,y,w,h\n${SPLITS.test[0].image},Mass,1,n/a,3,4\n`,
    );
    await expectRefusal(['run', '--data', boxes, ...TRAINING, ...out], 3, /boxes\.csv/);
    expect(existsSync(scratch.path('begun'))).toBe(false);
  });

  it('is kept where a later part fails; report and exit code say so', async () => {
    const out = scratch.path('late');
    const args = [
      'run',
      '--data',
      damaged,
      ...TRAINING,
      '--epochs',
      '1',
      '--no-check',
      '--out',
      out,
      '--json',
    ];
    const ended = await chexgpu(args);
    expect(ended.code).toBe(3);
    const { problems } = JSON.parse(ended.stdout);
    expect(problems).toEqual([
      { part: 'Predictions', message: expect.stringContaining(SPLITS.test[1].image) },
    ]);
    const { report } = await readWeightFile(join(out, 'weights.h5'), densenetConfig('toy'));
    expect(report.head).toBe(true);
    expect(JSON.parse(await readFile(join(out, 'history.json'), 'utf8')).loss).toHaveLength(1);
    expect(JSON.parse(await readFile(join(out, 'report.json'), 'utf8')).problems).toEqual(problems);
    expect(await readFile(join(out, 'report.html'), 'utf8')).toContain('<section id="problems">');
  });
});

describe('a training under way', () => {
  /** Trains for ever; `onEpoch` is called once, when the first epoch is over. */
  function train(
    out: string,
    onEpoch: (stop: (signal: NodeJS.Signals) => void) => Promise<void>,
  ): Promise<Ended> {
    let called = false;
    const args = ['train', '--data', data, ...TRAINING, '--epochs', '100000', '--out', out, '--json'];
    return chexgpu(
      args,
      {},
      {
        onStderr: (text, child) => {
          if (called || !/Epoch 1\/100000: loss/.test(text)) return;
          called = true;
          onEpoch((signal) => child.kill(signal)).catch(() => child.kill());
        },
      },
    );
  }

  it('has its name; Ctrl-C leaves the weights of the last whole epoch', async () => {
    const out = scratch.path('runs', 'fold');
    let second: Ended | undefined;
    const first = await train(out, async (stop) => {
      second = await chexgpu(['train', '--data', data, ...TRAINING, '--out', out, '--overwrite']);
      stop('SIGINT');
    });
    expect([second?.code, second && lastLine(second)]).toEqual([
      2,
      expect.stringContaining('another chexgpu'),
    ]);
    expect([first.code, first.stderr]).toEqual([
      130,
      expect.stringMatching(/weights after epoch \d+ of 100000/),
    ]);
    expect((await readdir(out)).sort()).toEqual([
      '.chexgpu.json',
      'checkpoint.h5',
      'history.json',
      'weights.h5',
    ]);
    const { loss, step_loss } = JSON.parse(await readFile(join(out, 'history.json'), 'utf8'));
    expect(loss.length).toBeGreaterThan(0);
    expect(step_loss).toHaveLength(loss.length);
    await readWeightFile(join(out, 'weights.h5'), densenetConfig('toy'));
  });

  it('killed, leaves what the next run removes', async () => {
    const out = scratch.path('runs', 'killed');
    const ended = await train(out, async (stop) => stop('SIGKILL'));
    expect(ended.signal).toBe('SIGKILL');
    expect(await readdir(out)).toEqual(['.chexgpu-work']);
    await chexgpu(['phantoms', '--images', '3', '--size', '64', '--out', scratch.path('runs', 'next')]);
    expect((await readdir(scratch.path('runs'))).sort()).toEqual(['fold', 'next']);
  });
});
