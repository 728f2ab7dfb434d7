import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError, UsageError } from '../../../src/core/errors.js';
import { drawPhantom, makeCohort, SPLITS } from '../../../src/data/phantoms/index.js';
import { type WritePhantomsOptions, writePhantoms } from '../../../src/data/phantoms/writePhantoms.node.js';

const HEADER =
  'Image,Atelectasis,Cardiomegaly,Consolidation,Edema,Effusion,Emphysema,Fibrosis,Hernia,Infiltration,' +
  'Mass,Nodule,PatientId,Pleural_Thickening,Pneumonia,Pneumothorax';

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('writePhantoms', () => {
  let root = '';
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'phantoms-test-'));
  });
  afterAll(async () => {
    await rm(root, { recursive: true, force: true });
  });
  const contents = async (folder: string): Promise<string[]> => {
    const files = (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    return Promise.all(files.map(async (f) => `${f.slice(folder.length)} ${hash(await readFile(f))}`));
  };

  it('writes the same bytes twice, in the assignment format, without patient leakage', async () => {
    const cohort = { images: 14, seed: 42, balanced: true };
    const options = { ...cohort, size: 64 };
    const calls: number[] = [];
    const first = await writePhantoms({
      ...options,
      out: join(root, 'a'),
      onProgress: (done) => calls.push(done),
    });
    await writePhantoms({ ...options, out: join(root, 'b') });
    const written = await contents(join(root, 'a'));
    expect(written).toEqual(await contents(join(root, 'b')));
    // And the list of them.
    expect(written).toHaveLength(14 + 5 + 1);
    expect(calls).toEqual(Array.from({ length: 14 }, (_, i) => i + 1));
    expect(first.images).toBe(14);
    expect(JSON.parse(await readFile(join(root, 'a', 'phantoms.json'), 'utf8'))).toEqual(first);

    const patient = HEADER.split(',').indexOf('PatientId');
    const seen = new Map<string, string>();
    let rows = 0;
    for (const split of SPLITS) {
      const lines = (await readFile(join(root, 'a', `${split}.csv`), 'utf8')).trimEnd().split('\n');
      expect(lines[0]).toBe(HEADER);
      expect(lines.length).toBeGreaterThan(1);
      for (const line of lines.slice(1)) {
        rows++;
        const cells = line.split(',');
        expect(cells[0]).toMatch(/^\d{8}_\d{3}\.png$/);
        expect(Number(cells[0].slice(0, 8))).toBe(Number(cells[patient]));
        expect(seen.get(cells[patient]) ?? split).toBe(split);
        seen.set(cells[patient], split);
      }
    }
    expect(rows).toBe(14);

    const specs = makeCohort(cohort);
    const boxes = (await readFile(join(root, 'a', 'boxes.csv'), 'utf8')).trimEnd().split('\n');
    expect(boxes[0]).toBe('Image,Label,x,y,w,h');
    expect(new Set(boxes.slice(1).map((l) => l.split(',', 2).join()))).toEqual(
      new Set(specs.flatMap((s) => s.findings.map((f) => `${s.image},${f.label}`))),
    );
    const file = join(root, 'a', 'images', specs[3].image);
    const meta = await sharp(file).metadata();
    expect([meta.width, meta.height, meta.channels, meta.depth]).toEqual([64, 64, 1, 'uchar']);
    const stored = await sharp(file).toColourspace('b-w').raw().toBuffer();
    expect(hash(stored)).toBe(hash(drawPhantom(specs[3], 64).pixels));
  });

  describe('with worker threads and the cache', () => {
    /** Inside the repository, so that the built script finds the packages. */
    const built = join(import.meta.dirname, '../../../node_modules/.cache/chexgpu-draw-worker');
    const workerFile = join(built, 'drawWorker.mjs');
    const options = { images: 14, size: 64, seed: 42, balanced: true };
    const before = process.env.CHEXGPU_CACHE;
    beforeAll(async () => {
      const source = join(import.meta.dirname, '../../../src/data/phantoms/drawWorker.node.ts');
      const common = { bundle: true, platform: 'node', format: 'esm', packages: 'external' } as const;
      await build({ ...common, logLevel: 'silent', entryPoints: [source], outfile: workerFile });
      process.env.CHEXGPU_CACHE = join(root, 'cache');
      await writePhantoms({ ...options, out: join(root, 'alone'), workers: 0 });
    });
    afterAll(async () => {
      if (before === undefined) delete process.env.CHEXGPU_CACHE;
      else process.env.CHEXGPU_CACHE = before;
      await rm(built, { recursive: true });
    });
    const draw = async (name: string, more: Partial<WritePhantomsOptions> = {}) => {
      const out = join(root, name);
      const calls: number[][] = [];
      const onProgress = (...call: number[]) => calls.push(call);
      await writePhantoms({ ...options, out, workers: 2, workerFile, onProgress, ...more });
      expect(await contents(out)).toEqual(await contents(join(root, 'alone')));
      expect(calls.map(([done]) => done)).toEqual(Array.from({ length: 14 }, (_, i) => i + 1));
      return calls[13][2];
    };

    it('writes the same bytes with any number of them, anew and from the cache, whole or damaged', async () => {
      expect(await draw('two', { workers: 2 })).toBe(0);
      expect(await draw('three', { workers: 3, cache: true })).toBe(0);
      expect(await draw('kept', { cache: true })).toBe(14);
      // The threads have kept them; the main thread finds them too.
      expect(await draw('main', { workers: 0, cache: true })).toBe(14);
      const entries = (await readdir(join(root, 'cache'), { recursive: true, withFileTypes: true })).filter(
        (entry) => entry.isFile(),
      );
      expect(entries).toHaveLength(14);
      const [{ parentPath, name }] = entries;
      await writeFile(join(parentPath, name), 'damaged');
      expect(await draw('mended', { cache: true })).toBe(13);
      expect(await draw('mended again', { cache: true })).toBe(14);
      expect(await draw('uncached')).toBe(0);
    });

    it('knows another seed and size from those it has kept', async () => {
      const cached = async (more: Partial<WritePhantomsOptions>, name: string) => {
        let count = -1;
        const onProgress = (_: number, __: number, found: number) => {
          count = found;
        };
        const out = join(root, name);
        await writePhantoms({ ...options, out, workers: 0, cache: true, onProgress, ...more });
        return count;
      };
      await cached({}, 'other seeds: filled');
      expect(await cached({}, 'other seeds: kept')).toBe(options.images);
      expect(await cached({ seed: 43 }, 'seed')).toBe(0);
      expect(await cached({ size: 65 }, 'size')).toBe(0);
    });

    it('ends with the error of a worker, of the caller, or of a thread that died, and leaves nothing', async () => {
      const there = await readdir(root);
      const out = join(root, 'failed threads');
      const stop = (done: number): void => {
        if (done === 3) throw new Error('stop here');
      };
      const dies = join(built, 'dies.mjs');
      await writeFile(
        dies,
        `import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => process.exit(3));`,
      );
      const fails = join(built, 'fails.mjs');
      const reply = `parentPort.postMessage({ id, failure: { message: job.spec.image + ' failed.', hint: 'Try.' } })`;
      await writeFile(
        fails,
        `import { parentPort } from 'node:worker_threads'; parentPort.on('message', ({ id, job }) => ${reply});`,
      );
      const drawn = (more: Partial<WritePhantomsOptions>) =>
        writePhantoms({ ...options, out, workers: 2, workerFile, ...more });
      await expect(drawn({ onProgress: stop })).rejects.toThrow('stop here');
      await expect(drawn({ workerFile: dies })).rejects.toThrow(
        /\d{8}_000\.png: the drawing worker died \(exit code 3\)/,
      );
      const failed = await drawn({ workerFile: fails }).catch((error: unknown) => error);
      expect(failed).toBeInstanceOf(DataError);
      expect(failed).toMatchObject({
        message: expect.stringMatching(/_000\.png failed\. Try\.$/),
        hint: 'Try.',
      });
      await expect(drawn({ workers: -1 })).rejects.toThrow(UsageError);
      expect(await readdir(root)).toEqual(there);
    });
  });

  it('refuses a folder in use, and replaces one of its own when told to', async () => {
    const out = join(root, 'used');
    await mkdir(out);
    await writePhantoms({ out, images: 3, size: 64, seed: 1 });
    const before = await contents(out);
    await expect(writePhantoms({ out, images: 3, size: 64, seed: 2 })).rejects.toThrow(/not empty/);
    expect(await contents(out)).toEqual(before);
    await writePhantoms({ out, images: 4, size: 64, seed: 2, overwrite: true });
    expect(await contents(out)).not.toEqual(before);
    expect((await readdir(join(out, 'images'))).length).toBe(4);
    await writeFile(join(out, 'thesis.txt'), 'years of work');
    await writePhantoms({ out, images: 3, size: 64, seed: 2, overwrite: true });
    expect(await readFile(join(out, 'thesis.txt'), 'utf8')).toBe('years of work');

    const foreign = join(root, 'foreign');
    await mkdir(foreign);
    await writeFile(join(foreign, 'thesis.txt'), 'years of work');
    await expect(
      writePhantoms({ out: foreign, images: 3, size: 64, seed: 2, overwrite: true }),
    ).rejects.toThrow(UsageError);
    expect(await readdir(foreign)).toEqual(['thesis.txt']);
  });

  it('leaves nothing behind when it fails', async () => {
    const before = await readdir(root);
    const out = join(root, 'failed');
    const onProgress = (done: number): void => {
      if (done === 2) throw new Error('stop here');
    };
    await expect(writePhantoms({ out, images: 5, size: 64, seed: 1, onProgress })).rejects.toThrow(
      'stop here',
    );
    await expect(writePhantoms({ out, images: 2, size: 64, seed: 1 })).rejects.toThrow(UsageError);
    await expect(writePhantoms({ out, images: 5, size: 32, seed: 1 })).rejects.toThrow(UsageError);
    expect(await readdir(root)).toEqual(before);
  });
});
