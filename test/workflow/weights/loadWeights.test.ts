/** Against a server of its own; the browser's Cache storage itself in test/browser/weights.test.ts. */
import { createHash } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { UsageError, WeightsError } from '../../../src/core/errors.js';
import type { Progress } from '../../../src/core/work.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import { writeWeights } from '../../../src/densenet/weights/formats.js';
import { loadWeights } from '../../../src/workflow/weights/loadWeights.js';
import type { ByteSource } from '../../../src/workflow/weights/readBytes.js';
import { clearWeightsCache } from '../../../src/workflow/weights/weightsCache.js';
import type { LoadWeightsOptions } from '../../../src/workflow/weights/weightsLoader.js';
import { differences, randomWeights, TINY } from '../../densenet/weights/keras/h5Fixtures.js';
import { testGpu } from '../../support/gpu/testGpu.js';

const gpu = await testGpu();
const weights = randomWeights(TINY);
const labels = ['Mass', 'Edema', ''];
const bytes = await writeWeights('safetensors', weights, TINY, { labels, notice: 'drawn' });
const sha256 = createHash('sha256').update(bytes).digest('hex');
const whole = bytes.length;

const ANSWERS: Record<string, (response: ServerResponse) => void> = {
  '/w': (r) => r.writeHead(200, { 'content-length': whole }).end(bytes),
  '/chunks': (r) => {
    r.write(bytes.subarray(0, 1000));
    r.end(bytes.subarray(1000));
  },
  '/packed': (r) => {
    const packed = gzipSync(bytes);
    r.writeHead(200, { 'content-encoding': 'gzip', 'content-length': packed.length }).end(packed);
  },
  '/page': (r) =>
    r.writeHead(200, { 'content-type': 'text/html' }).end('<!DOCTYPE html><title>Log in</title>'),
  '/secret': (r) => r.writeHead(403).end(),
  '/busy': (r) => r.writeHead(503).end(),
  '/cut': (r) => {
    r.writeHead(200, { 'content-length': whole });
    r.write(bytes.subarray(0, 1000), () => r.destroy());
  },
  '/slow': (r) => {
    r.writeHead(200, { 'content-length': whole });
    r.write(bytes.subarray(0, 1000));
  },
  '/huge': (r) => r.writeHead(200, { 'content-length': 2 ** 31 }).write('x'),
  '/empty': (r) => r.writeHead(200).end(),
};
const asked: string[] = [];
const server = createServer((request, response) => {
  const path = request.url?.split('?')[0] ?? '';
  asked.push(path);
  const answer = ANSWERS[path];
  if (answer) answer(response);
  else response.writeHead(404).end();
});
let origin = '';
const at = (path: string) => `${origin}${path}`;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
afterEach(() => vi.unstubAllGlobals());

async function failed(source: ByteSource, options?: LoadWeightsOptions): Promise<Error> {
  return loadWeights(source, options).then(
    () => new Error('it was loaded'),
    (error: Error) => error,
  );
}

describe('loadWeights', () => {
  it('takes them from wherever they are, and says what they are', async () => {
    const padded = new Uint8Array(whole + 8);
    padded.set(bytes, 8);
    const sources: [string, ByteSource][] = [
      ['text', at('/w?token=1')],
      ['URL', new URL(at('/w'))],
      ['Request', new Request(at('/w'))],
      ['Response', await fetch(at('/w'))],
      ['Blob', new Blob([bytes as Uint8Array<ArrayBuffer>])],
      ['ArrayBuffer', Uint8Array.from(bytes).buffer],
      ['Uint8Array', padded.subarray(8)],
      ['without a length', at('/chunks')],
      ['packed', at('/packed')],
      ['data:', `data:application/octet-stream;base64,${Buffer.from(bytes).toString('base64')}`],
    ];
    for (const [what, source] of sources) {
      const loaded = await loadWeights(source, { sha256: sha256.toUpperCase() });
      expect(differences(loaded.weights, weights), what).toEqual([]);
      expect(loaded).toMatchObject({
        labels,
        notice: 'drawn',
        bytes: whole,
        fromCache: false,
        notCached: null,
      });
      // Told by the layers.
      expect(loaded.config).toMatchObject({ blocks: [1, 1], growthRate: 4, classes: 3 });
    }
  });

  it('goes by options and address as they are when it is called', async () => {
    const options: LoadWeightsOptions = { sha256 };
    const address = new URL(at('/w'));
    const begun = loadWeights(address, options);
    options.sha256 = '0'.repeat(64);
    address.pathname = '/secret';
    expect((await begun).bytes).toBe(whole);
    await expect(loadWeights(at('/w'), options)).rejects.toThrow(/is another file/);
  });

  it('gives what DenseNet.create takes, of a base too, once its outputs are named', async () => {
    const loaded = await loadWeights(at('/w'));
    const model = await DenseNet.create(gpu, loaded);
    expect(model.labels).toEqual(labels);
    expect(model.config).toEqual(loaded.config);
    expect(differences(await model.exportWeights(), weights)).toEqual([]);
    await model.dispose();
    const base = await loadWeights(await writeWeights('keras2', weights, TINY, { head: false }), {
      config: TINY,
    });
    expect([base.report.head, base.labels]).toEqual([false, null]);
    const named = await DenseNet.create(gpu, { ...base, labels: ['One'] });
    expect(named.config.classes).toBe(1);
    await named.dispose();
    await expect(DenseNet.create(gpu, base)).rejects.toThrow(WeightsError);
  });

  it.each<[string, boolean]>([
    ['/w', true],
    ['/chunks', false],
  ])('tells how far it is, of %s', async (path, isLengthKnown) => {
    const heard: Progress[] = [];
    await loadWeights(at(path), { onProgress: (progress) => void heard.push(progress) });
    const loading = heard.filter(({ phase }) => phase === 'load');
    expect(loading[0].done).toBe(0);
    expect(loading.at(-1)).toEqual({
      phase: 'load',
      done: whole,
      ...(isLengthKnown && { total: whole }),
      unit: 'bytes',
      note: at(path),
    });
    expect(loading.map(({ done }) => done)).toEqual(loading.map(({ done }) => done).sort((a, b) => a - b));
    const reading = heard.filter(({ phase }) => phase === 'read');
    expect(reading.map(({ done }) => done)).toEqual([0, weights.size]);
    expect(reading.at(-1)).toMatchObject({ total: weights.size, unit: 'tensors', note: at(path) });
  });

  it('ends with the reason of its signal, before, while it waits and between', async () => {
    const reason = new Error('enough');
    expect(await failed(at('/w'), { signal: AbortSignal.abort(reason) })).toBe(reason);
    const stop = new AbortController();
    const waiting = failed(at('/slow'), {
      signal: stop.signal,
      onProgress: ({ done }) => {
        if (done === 1000) setTimeout(() => stop.abort(reason), 10);
      },
    });
    expect(await waiting).toBe(reason);
    const other = new AbortController();
    const work = { signal: other.signal, onProgress: () => other.abort(reason) };
    expect(await failed(new Blob([bytes as Uint8Array<ArrayBuffer>]), work)).toBe(reason);
    expect(await failed(at('/w'), { onProgress: () => Promise.reject(reason) })).toBe(reason);
  });

  it.each<[string, RegExp]>([
    ['/nothing', /^http:\/\/127\.0\.0\.1:\d+\/nothing: the server answers 404 Not Found\. Check the address/],
    ['/secret?token=abc', /\/secret: the server answers 403 Forbidden\. It wants a log-in/],
    ['/busy', /answers 503 Service Unavailable\. Try again later/],
    ['/page', /\/page is a web page, not a weight file/],
    ['/cut', /\/cut (could not be loaded|is cut short)/],
    ['/huge', /\/huge has more than 1\.07 GB/],
    ['/empty', /\/empty is empty/],
  ])('says what is wrong with %s', async (path, message) => {
    const error = await failed(at(path));
    expect(error).toBeInstanceOf(WeightsError);
    expect(error.message).toMatch(message);
  });

  it('says what is wrong with an answer, a file and a server', async () => {
    const used = await fetch(at('/w'));
    await used.arrayBuffer();
    const short = new Response(bytes.slice(0, 500), { headers: { 'content-length': String(whole) } });
    const opaque = Object.defineProperty(new Response(bytes as Uint8Array<ArrayBuffer>), 'type', {
      value: 'opaque',
    });
    const cases: [ByteSource, typeof UsageError | typeof WeightsError, RegExp][] = [
      [used, UsageError, /was read already.*clone/],
      [short, WeightsError, /cut short: 500 of \d+ bytes came/],
      [opaque, WeightsError, /may not be read by this page.*no-cors/],
      [new Blob([bytes.slice(0, 900)]), WeightsError, /cut short/],
      [new Uint8Array(9), WeightsError, /no weight file of a known format/],
      ['http://127.0.0.1:1/w', WeightsError, /could not be loaded: .*CORS/],
      ['weights/mine.h5', UsageError, /is no address.*readWeightFile/],
      [7 as never, UsageError, /The weights are 7, no address/],
      [null as never, UsageError, /The weights are null/],
    ];
    for (const [source, kind, message] of cases) {
      const error = await failed(source);
      expect(error.message).toMatch(message);
      expect(error).toBeInstanceOf(kind);
    }
  });

  it('checks the digest, where one can be made', async () => {
    const other = `${'0'.repeat(63)}1`;
    const error = await failed(at('/w'), { sha256: other });
    expect(error).toBeInstanceOf(WeightsError);
    expect(error.message).toContain(`its sha256 is ${sha256}, not ${other}`);
    expect(await failed(at('/w'), { sha256: 'abc' })).toBeInstanceOf(UsageError);
    vi.stubGlobal('crypto', {});
    const missing = await failed(at('/w'), { sha256 });
    expect(missing).toBeInstanceOf(UsageError);
    expect(missing.message).toMatch(
      /crypto\.subtle is missing, as on pages that are neither https nor localhost/,
    );
    expect((await loadWeights(at('/w'))).bytes).toBe(whole);
  });

  it.each<[string, object, RegExp]>([
    ['cache without sha256', { cache: true }, /cache needs sha256/],
    ['a cache of another type', { cache: 'yes' }, /cache is 'yes'/],
    ['a signal that is none', { signal: {} }, /signal is/],
    ['onProgress', { onProgress: true }, /onProgress is true/],
    ['options', null as never, /options of loadWeights is null/],
  ])('refuses %s', async (_, options, message) => {
    const error = await failed(at('/w'), options as LoadWeightsOptions);
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toMatch(message);
  });
});

/** Cache storage as far as it is used, in memory. */
function memoryCaches(put = (_: string) => {}) {
  const entries = new Map<string, Uint8Array<ArrayBuffer>>();
  const cache = {
    match: async (key: string) => entries.has(key) && new Response(entries.get(key)),
    keys: async () => [...entries.keys()].map((url) => ({ url })),
    delete: async (key: string) => entries.delete(key),
    put: async (key: string, response: Response) => {
      put(key);
      entries.set(key, new Uint8Array(await response.arrayBuffer()));
    },
  };
  vi.stubGlobal('caches', {
    open: async () => cache,
    delete: async () => {
      const { size } = entries;
      entries.clear();
      return size > 0;
    },
  });
  return entries;
}

describe('the cache of loadWeights', () => {
  const times = (path: string) => asked.filter((one) => one === path).length;

  it('saves the second way to the server, by address and digest', async () => {
    const entries = memoryCaches();
    const before = times('/w');
    const first = await loadWeights(at('/w#a'), { sha256, cache: true });
    const second = await loadWeights(new Request(at('/w')), { sha256, cache: true });
    expect([first.fromCache, first.notCached, second.fromCache]).toEqual([false, null, true]);
    expect(differences(second.weights, weights)).toEqual([]);
    expect(times('/w')).toBe(before + 1);
    await loadWeights(at('/chunks'), { sha256, cache: true });
    expect(entries.size).toBe(2);
    expect(await clearWeightsCache()).toBe(true);
    expect((await loadWeights(at('/w'), { sha256, cache: true })).fromCache).toBe(false);
  });

  it('takes no entry of other bytes, and keeps one per address', async () => {
    const entries = memoryCaches();
    await loadWeights(at('/w'), { sha256, cache: true });
    const [key] = entries.keys();
    entries.get(key)![900] ^= 1;
    entries.set(key.replace(sha256, 'f'.repeat(64)), new Uint8Array(3));
    const again = await loadWeights(at('/w'), { sha256, cache: true });
    expect(again.fromCache).toBe(false);
    expect([...entries.keys()]).toEqual([key]);
    expect([...entries.get(key)!]).toEqual([...bytes]);
  });

  it('keeps nothing that is wrong or was broken off, and fails no load', async () => {
    const entries = memoryCaches();
    for (const path of ['/cut', '/page', '/nothing']) await failed(at(path), { sha256, cache: true });
    await failed(at('/w'), { sha256: 'a'.repeat(64), cache: true });
    const stop = new AbortController();
    const onProgress = ({ phase }: Progress) => phase === 'read' && stop.abort(new Error('enough'));
    await failed(at('/w'), {
      sha256,
      cache: true,
      signal: stop.signal,
      onProgress: (p) => void onProgress(p),
    });
    expect(entries.size).toBe(0);
    memoryCaches(() => {
      throw new DOMException('Quota exceeded.', 'QuotaExceededError');
    });
    const full = await loadWeights(at('/w'), { sha256, cache: true });
    expect(full.notCached).toBe('the browser keeps no more (QuotaExceededError: Quota exceeded.)');
    vi.unstubAllGlobals();
    expect((await loadWeights(at('/w'), { sha256, cache: true })).notCached).toMatch(/no Cache storage here/);
    expect(await clearWeightsCache()).toBe(false);
    const error = await failed(new Blob([bytes as Uint8Array<ArrayBuffer>]), { sha256, cache: true });
    expect(error.message).toMatch(/cache is for what is fetched from an address/);
  });
});
