/** A server that compresses programs as hosts do, lets a browser keep what it was given, and counts what it gives. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.png': 'image/png',
};
const PROGRAM = /\.(js|mjs|wasm)$/;
const compress = promisify(gzip);

export interface Given {
  path: string;
  /** As it went over the wire, without headers. */
  bytes: number;
  program: boolean;
}

export interface PageServer {
  /** `http://127.0.0.1:port` */
  origin: string;
  /** What was given since `given` was emptied last. */
  given: Given[];
  /** Gives the file whose path ends so with one byte turned. */
  damage(ending: string | null): void;
  close(): Promise<void>;
}

export async function servePages(folder: string): Promise<PageServer> {
  const given: Given[] = [];
  const compressed = new Map<string, Promise<Buffer>>();
  let damaged: string | null = null;
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
    const path = normalize(pathname.endsWith('/') ? `${pathname}index.html` : pathname);
    readFile(join(folder, path)).then(
      async (plain) => {
        const program = PROGRAM.test(path);
        if (program && !compressed.has(path)) compressed.set(path, compress(plain));
        const whole = program ? await compressed.get(path)! : plain;
        if (damaged !== null && path.endsWith(damaged)) whole[whole.length - 1] ^= 1;
        const [, from, to] = request.headers.range?.match(/^bytes=(\d+)-(\d+)$/)?.map(Number) ?? [];
        const part = from <= to && to < whole.length && !program;
        const body = part ? whole.subarray(from, to + 1) : whole;
        response.writeHead(part ? 206 : 200, {
          'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
          'content-length': body.length,
          ...(part ? { 'content-range': `bytes ${from}-${to}/${whole.length}` } : {}),
          ...(program ? { 'content-encoding': 'gzip' } : {}),
          // Threads of WebAssembly want these two.
          'cross-origin-opener-policy': 'same-origin',
          'cross-origin-embedder-policy': 'require-corp',
          // Weights come from an address that stays while they change: it is the library that may keep them.
          'cache-control': program ? 'public, max-age=31536000, immutable' : 'no-store',
        });
        given.push({ path, bytes: request.method === 'HEAD' ? 0 : body.length, program });
        response.end(request.method === 'HEAD' ? undefined : body);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    given,
    damage: (ending) => {
      damaged = ending;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
