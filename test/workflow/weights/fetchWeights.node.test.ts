import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError, WeightsError } from '../../../src/core/errors.js';
import type { Progress } from '../../../src/core/work.js';
import { SILENT } from '../../../src/workflow/reporter.js';
import {
  FETCHABLE,
  type FetchableWeights,
  fetchableWeights,
  fetchWeights,
} from '../../../src/workflow/weights/fetchWeights.node.js';
import { chexgpu, ensureBuilt, lastLine, scratchFolder } from '../../support/programs/cli.js';

const scratch = scratchFolder();
const content = Buffer.alloc(100_000, 3);
const digest = createHash('md5').update(content).digest('hex');
const known: FetchableWeights = {
  ...fetchableWeights('imagenet-densenet121'),
  bytes: content.length,
  digest,
};
let server: Server;
let origin = '';
let requests = 0;

beforeAll(async () => {
  await ensureBuilt();
  server = createServer((request, response) => {
    requests++;
    if (request.url === `/${known.file}`) response.end(content);
    else if (request.url === '/zeros.h5') response.end(Buffer.alloc(29_084_464));
    else response.writeHead(404, 'Not Found').end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  scratch.remove();
});

describe('fetchWeights', () => {
  const lines: string[] = [];
  const out = { ...SILENT, say: (line = '') => void lines.push(line) };
  const context = { out, signal: new AbortController().signal };

  it('knows what Keras publishes, by short names and by those of the files', () => {
    expect(FETCHABLE).toEqual(['imagenet-densenet121', 'imagenet-densenet169', 'imagenet-densenet201']);
    const { file, bytes, digest: md5, fetch } = fetchableWeights('imagenet-densenet121');
    expect([file, bytes, md5]).toEqual([
      'densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5',
      29_084_464,
      '30ee3e1110167f948a6b9946edeeb738',
    ]);
    expect(fetch.folder).toBe('https://storage.googleapis.com/tensorflow/keras-applications/densenet/');
    expect(fetchableWeights(file)).toEqual(fetchableWeights('imagenet-densenet121'));
    for (const other of ['densenet', 'pretrained_model.h5', '']) {
      expect(() => fetchableWeights(other)).toThrow(UsageError);
    }
  });

  it('fetches from its place or another, once, and replaces nothing else', async () => {
    const file = scratch.path('a.h5');
    const there = { ...known, fetch: { ...known.fetch, folder: origin } };
    const first = await fetchWeights(context, there, { out: file });
    expect(first).toEqual({ file, url: `${origin}${known.file}`, fetched: true });
    expect(content.equals(await readFile(file))).toBe(true);
    expect(lines[0]).toMatch(
      /^Fetching Keras' ImageNet base of DenseNet121, without the head \(100 kB\) from http/,
    );
    const before = requests;
    expect(await fetchWeights(context, there, { out: file })).toMatchObject({ fetched: false });
    expect(requests).toBe(before);
    const mine = scratch.path('mine.h5');
    await writeFile(mine, 'my own');
    for (const out of ['', `${scratch.path('folder')}/`]) {
      await expect(fetchWeights(context, there, { out })).rejects.toThrow(/names no file\. Give the name/);
    }
    const refused = fetchWeights(context, there, { out: mine });
    await expect(refused).rejects.toThrow(
      /mine\.h5 is there, and is not that file\. Remove it, or give another `out`/,
    );
    expect(await readFile(mine, 'utf8')).toBe('my own');
    const gone = fetchWeights(context, there, { out: scratch.path('b.h5'), url: `${origin}gone.h5` });
    await expect(gone).rejects.toThrow(WeightsError);
  });

  it('says how far it is, and ends for its signal and for what onProgress throws', async () => {
    const there = { ...known, fetch: { ...known.fetch, folder: origin } };
    const heard: Progress[] = [];
    const onProgress = (progress: Progress) => void heard.push(progress);
    const { url } = await fetchWeights({ out, onProgress }, there, { out: scratch.path('told.h5') });
    const total = known.bytes;
    expect(heard.at(-1)).toEqual({ phase: 'fetch', done: total, total, unit: 'bytes', note: url });
    const mine = new Error('mine');
    const before = requests;
    const file = scratch.path('not.h5');
    const aborted = fetchWeights({ out, signal: AbortSignal.abort(mine) }, there, { out: file });
    await expect(aborted).rejects.toBe(mine);
    expect(requests).toBe(before);
    const throwing = () => {
      throw mine;
    };
    await expect(fetchWeights({ out, onProgress: throwing }, there, { out: file })).rejects.toBe(mine);
    expect(requests).toBe(before + 1);
    await expect(fetchWeights({ out, signal: 1 as never }, there)).rejects.toThrow(/must be an AbortSignal/);
    await expect(fetchWeights(null as never, there)).rejects.toThrow(UsageError);
  });
});

describe('chexgpu fetch', () => {
  const fetch = (...args: string[]) => chexgpu(['fetch', ...args]);

  it('keeps nothing of an altered file, and says what was wrong where', async () => {
    const file = scratch.path('cli', 'x.h5');
    const altered = await fetch('imagenet-densenet121', '--url', `${origin}zeros.h5`, '--out', file);
    expect([altered.code, lastLine(altered)]).toEqual([
      4,
      expect.stringMatching(
        /^chexgpu: What http.*zeros\.h5 sent is altered: it has the md5 [0-9a-f]{32}, not 30ee3e1110167f948a6b/,
      ),
    ]);
    // Nor the folder that was made for it.
    expect(await readdir(scratch.path('.'))).not.toContain('cli');
    const small = await fetch('imagenet-densenet121', '--url', `${origin}${known.file}`, '--out', file);
    expect([small.code, lastLine(small)]).toEqual([
      4,
      expect.stringMatching(/100,000 bytes, not 29,084,464/),
    ]);
    const gone = await fetch('imagenet-densenet201', '--url', `${origin}gone.h5`, '--out', file);
    expect([gone.code, lastLine(gone)]).toEqual([4, expect.stringMatching(/gone\.h5 answers 404 Not Found/)]);
    const unknown = await fetch('imagenet');
    expect([unknown.code, lastLine(unknown)]).toEqual([
      2,
      `chexgpu: There are no weights 'imagenet' to fetch. Give one of ${FETCHABLE.join(', ')}.`,
    ]);
    const noAddress = await fetch('imagenet-densenet121', '--url', 'x.h5', '--out', file);
    expect(noAddress.code).toBe(2);
  });
});
