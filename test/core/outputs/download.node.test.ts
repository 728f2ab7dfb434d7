import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataError, UsageError, WeightsError } from '../../../src/core/errors.js';
import { type DownloadOptions, download, isExpected } from '../../../src/core/outputs/download.node.js';
import { newToken } from '../../../src/core/outputs/workToken.node.js';

const CONTENT = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919) >> 5));
const EXPECTED = {
  bytes: CONTENT.length,
  algorithm: 'md5',
  digest: createHash('md5').update(CONTENT).digest('hex'),
} as const;

let folder = '';
let target = '';
let server: Server;
let url = '';
/** What the server was asked for: the Range header of each request. */
let asked: (string | undefined)[] = [];
type Answer = (response: ServerResponse, request: IncomingMessage, from: number) => void;
let answers: Answer[] = [];

/** A server as one would wish: with ranges. */
const good: Answer = (response, _, from) => {
  const head = { 'content-length': CONTENT.length - from, 'content-type': 'application/octet-stream' };
  if (from === 0) response.writeHead(200, head);
  else {
    const range = `bytes ${from}-${CONTENT.length - 1}/${CONTENT.length}`;
    response.writeHead(206, { ...head, 'content-range': range });
  }
  response.end(CONTENT.subarray(from));
};
/** Breaks off when it has sent so much. */
const breakAfter =
  (count: number): Answer =>
  (response, _, from) => {
    response.writeHead(from ? 206 : 200, {
      'content-length': CONTENT.length - from,
      ...(from ? { 'content-range': `bytes ${from}-${CONTENT.length - 1}/${CONTENT.length}` } : {}),
    });
    response.write(CONTENT.subarray(from, from + count), () => setTimeout(() => response.destroy(), 20));
  };
const whole =
  (content: Uint8Array, head: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(200, { 'content-length': content.length, ...head }).end(content);
const status =
  (code: number): Answer =>
  (response) =>
    response.writeHead(code).end('no');

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chexgpu-download-'));
  target = join(folder, 'sub', 'x.h5');
  asked = [];
  answers = [good];
  server = createServer((request, response) => {
    const range = request.headers.range;
    asked.push(range);
    const answer = answers.length > 1 ? (answers.shift() as Answer) : answers[0];
    answer(response, request, Number(/\d+/.exec(range ?? '0')?.[0]));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.h5`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

const fetchIt = (more: Partial<DownloadOptions> = {}, from = url) =>
  download(from, target, { expected: EXPECTED, error: WeightsError, pauseMs: 1, idleMs: 5000, ...more });
const there = () => readdir(join(folder, 'sub')).catch(() => [] as string[]);
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    (error: unknown) => error as Error,
  );
const expectWhole = async () => {
  expect(await there()).toEqual(['x.h5']);
  expect(CONTENT.equals(await readFile(target))).toBe(true);
  expect(await isExpected(target, EXPECTED)).toBe(true);
};
/** What a process that was killed has left. */
async function leavePart(content: Uint8Array, token = newToken().replace(/-\d+-\d+-/, '-4194304-1-')) {
  await mkdir(join(folder, 'sub'), { recursive: true });
  await writeFile(`${target}.${token}.part`, content);
}

describe('download', () => {
  it('fetches the file and says how far it is', async () => {
    const seen: number[] = [];
    expect(await fetchIt({ onProgress: (bytes) => seen.push(bytes) })).toBe(0);
    await expectWhole();
    expect(asked).toEqual([undefined]);
    expect(seen.at(-1)).toBe(CONTENT.length);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });

  it.each([
    ['is closed before the end', [breakAfter(1000), breakAfter(2000), good]],
    [
      'is slow, but not still',
      [
        ((response, _, from) => {
          response.writeHead(206, {
            'content-range': `bytes ${from}-${CONTENT.length - 1}/${CONTENT.length}`,
          });
          let at = from;
          const timer = setInterval(() => {
            response.write(CONTENT.subarray(at, at + 50_000));
            at += 50_000;
            if (at < CONTENT.length) return;
            clearInterval(timer);
            response.end();
          }, 60);
        }) as Answer,
      ],
    ],
    ['answers 503 and 429 for a while', [status(503), status(429), good]],
  ])('goes on where the connection %s', async (_, script) => {
    answers = [breakAfter(500), ...script];
    await fetchIt({ idleMs: 300 });
    await expectWhole();
    expect(asked.slice(0, 2)).toEqual([undefined, 'bytes=500-']);
  });

  it('gives up a connection on which nothing more comes, and goes on with another', async () => {
    const still: Answer = (response) => {
      response.writeHead(200, { 'content-length': CONTENT.length });
      response.write(CONTENT.subarray(0, 700));
    };
    answers = [still, () => {}, good];
    await fetchIt({ idleMs: 150 });
    await expectWhole();
    expect(asked).toEqual([undefined, 'bytes=700-', 'bytes=700-']);
    answers = [() => {}];
    await rm(target);
    const error = await failure(fetchIt({ idleMs: 60, attempts: 2 }));
    expect(error).toBeInstanceOf(WeightsError);
    expect(error?.message).toMatch(
      /^127\.0\.0\.1:\d+ has sent nothing for 0 s\. Try again, or another address with `url`\.$/,
    );
    expect(await there()).toEqual([]);
  });

  it('goes on with what an ended process left, also where the server knows no ranges', async () => {
    await leavePart(CONTENT.subarray(0, 1234));
    expect(await fetchIt()).toBe(1234);
    await expectWhole();
    expect(asked).toEqual(['bytes=1234-']);
    await rm(target);
    // From the beginning again: a whole answer to a question for a part.
    await leavePart(CONTENT.subarray(0, 1234));
    answers = [whole(CONTENT)];
    await fetchIt();
    await expectWhole();
    await rm(target);
    await leavePart(CONTENT);
    asked = [];
    expect(await fetchIt()).toBe(CONTENT.length);
    await expectWhole();
    expect(asked).toEqual([]);
  });

  it.each([
    ['another beginning', Buffer.alloc(1234, 9)],
    ['more than there is', Buffer.alloc(CONTENT.length + 5, 9)],
  ])('begins anew where what was left is %s', async (_, left) => {
    await leavePart(left);
    expect(await fetchIt()).toBe(0);
    await expectWhole();
  });

  it('keeps nothing of a file that is altered, and says so', async () => {
    const altered = Buffer.from(CONTENT);
    altered[77_777] ^= 1;
    answers = [whole(altered)];
    const error = await failure(fetchIt());
    expect(error).toBeInstanceOf(WeightsError);
    expect(error?.message).toMatch(
      /sent is altered: it has the md5 [0-9a-f]{32}, not [0-9a-f]{32}\. Nothing of it was kept\. Try another address/,
    );
    expect(await there()).toEqual([]);
    // Longer, from a server that does not say how long.
    answers = [(response) => response.writeHead(200).end(Buffer.concat([CONTENT, altered]))];
    await expect(fetchIt()).rejects.toThrow(/is not of 300,000 bytes/);
    expect(await there()).toEqual([]);
    expect(await isExpected(target, EXPECTED)).toBe(false);
  });

  it('refuses what is not that file before it is fetched', async () => {
    const page = Buffer.from('<html>Please log in</html>');
    answers = [whole(page, { 'content-type': 'text/html; charset=utf-8' })];
    await expect(fetchIt()).rejects.toThrow(/is not that file: it sends text\/html of 26 bytes, not 300,000/);
    answers = [
      (response) =>
        response.writeHead(206, { 'content-range': 'bytes 5-9/300000', 'content-length': 5 }).end('abcde'),
    ];
    await leavePart(CONTENT.subarray(0, 10));
    await expect(fetchIt()).rejects.toThrow(/sends another part of the file/);
    for (const code of [404, 403, 416]) {
      answers = [status(code)];
      const error = await failure(fetchIt());
      expect(error).toBeInstanceOf(WeightsError);
      expect(error?.message).toMatch(new RegExp(`answers ${code} .*Try another address with .url.`));
    }
    expect((await there()).filter((name) => !name.endsWith('.part'))).toEqual([]);
  });

  it('gives up a server that stays troubled, and keeps what has come', async () => {
    answers = [breakAfter(100), status(500)];
    await expect(fetchIt({ attempts: 3 })).rejects.toThrow(/answers 500 .*what has come is kept/);
    expect(asked).toHaveLength(4);
    answers = [good];
    expect(await fetchIt()).toBe(100);
    await expectWhole();
  });

  it('names what cannot be reached, and addresses that are none', async () => {
    const { port } = server.address() as AddressInfo;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await expect(fetchIt()).rejects.toThrow(
      `127.0.0.1:${port} cannot be reached (ECONNREFUSED). Look at the network, or name another address with \`url\`.`,
    );
    for (const bad of ['', 'x.h5', 'file:///etc/passwd', 'ftp://a/b']) {
      expect(await failure(fetchIt({}, bad))).toBeInstanceOf(UsageError);
    }
    expect(await readdir(folder)).toEqual([]);
  });

  it('ends when it is told to, and goes on later', async () => {
    const abort = new AbortController();
    answers = [
      (response) => {
        response.writeHead(200, { 'content-length': CONTENT.length });
        response.write(CONTENT.subarray(0, 4000));
      },
    ];
    const onProgress = () => abort.abort(new Error('enough'));
    await expect(fetchIt({ signal: abort.signal, onProgress })).rejects.toThrow('enough');
    answers = [good];
    expect(await fetchIt()).toBe(4000);
    await expectWhole();
  });

  it('leaves the file to whoever fetches it already', async () => {
    answers = [
      async (response) => {
        response.writeHead(200, { 'content-length': CONTENT.length });
        response.write(CONTENT.subarray(0, 1000));
        const second = await failure(fetchIt());
        expect(second).toBeInstanceOf(UsageError);
        expect(second?.message).toMatch(/Another process is fetching .*x\.h5/);
        response.end(CONTENT.subarray(1000));
      },
    ];
    await fetchIt();
    await expectWhole();
    // Of another machine, which cannot be asked.
    await rm(target);
    await leavePart(CONTENT.subarray(0, 5), 'abcdef01-1-1-abcdef01');
    await expect(fetchIt()).rejects.toThrow(/if there is none, remove x\.h5\.abcdef01-1-1-abcdef01\.part/);
  });

  it('says where it cannot write', async () => {
    await writeFile(join(folder, 'sub'), 'a file');
    const error = await failure(fetchIt());
    expect(error).toBeInstanceOf(DataError);
    expect(error?.message).toMatch(/x\.h5 could not be written: a part of its path is a file/);
  });
});
