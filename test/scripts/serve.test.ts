import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const SERVE = fileURLToPath(new URL('../../scripts/serve.mjs', import.meta.url));
const top = mkdtempSync(join(tmpdir(), 'chexgpu-serve-'));
const folder = join(top, 'site');

interface Started {
  child: ChildProcess;
  /** The first line that it prints, on stdout or stderr. */
  line: string;
  code: Promise<number | null>;
}

async function start(...args: string[]): Promise<Started> {
  const child = spawn(process.execPath, [SERVE, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const code = new Promise<number | null>((resolve) => child.on('close', resolve));
  const line = await new Promise<string>((resolve) => {
    child.stdout.once('data', (text) => resolve(String(text).trim()));
    child.stderr.once('data', (text) => resolve(String(text).trim()));
  });
  return { child, line, code };
}

describe('npm run web', () => {
  let started: Started;
  let origin: URL;

  beforeAll(async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, 'index.html'), '<!doctype html><title>x</title>');
    writeFileSync(join(folder, 'main.js'), 'export {};');
    writeFileSync(join(folder, 'worker.js'), 'export {};');
    writeFileSync(join(top, 'secret.txt'), 'not for the page');
    started = await start('--port', '0', folder);
    origin = new URL(started.line.split(' ')[0]);
  });

  afterAll(async () => {
    started.child.kill();
    await started.code;
    rmSync(top, { recursive: true, force: true });
  });

  /** As typed: fetch would tidy the path first. */
  const get = (path: string, method = 'GET') =>
    new Promise<{ status?: number; type?: string; policy?: string }>((resolve, reject) => {
      request({ host: origin.hostname, port: origin.port, path, method }, (response) => {
        response.resume();
        const { 'content-type': type, 'content-security-policy': policy } = response.headers;
        resolve({ status: response.statusCode, type, policy: policy as string });
      })
        .on('error', reject)
        .end();
    });

  it('serves the folder to this machine only, under a strict policy', async () => {
    expect(origin.hostname).toBe('127.0.0.1');
    const page = await get('/');
    expect(page).toMatchObject({ status: 200, type: 'text/html; charset=utf-8' });
    expect(page.policy).toContain("default-src 'none'");
    expect(page.policy).not.toMatch(/unsafe-inline|'unsafe-eval'|https?:|\*/);
    expect(await get('/main.js?v=1')).toMatchObject({ status: 200, type: 'text/javascript; charset=utf-8' });
  });

  it('lets the worker alone compile WebAssembly', async () => {
    expect((await get('/worker.js')).policy).toContain("script-src 'self' 'wasm-unsafe-eval';");
    for (const path of ['/', '/main.js', '/index.html']) {
      expect((await get(path)).policy).toContain("script-src 'self';");
    }
  });

  it('gives nothing from above the folder, and only reads', async () => {
    const paths = [
      '/../secret.txt',
      '/..%2fsecret.txt',
      '/%2e%2e/secret.txt',
      '/nothing',
      '/%',
      '/a%00b',
      '//',
    ];
    for (const path of paths) expect({ path, ...(await get(path)) }).toMatchObject({ path, status: 404 });
    expect(await get('/', 'POST')).toMatchObject({ status: 405 });
  });

  it('answers to the names of this machine only', async () => {
    const asked = (host: string | undefined) =>
      new Promise<number>((resolve, reject) => {
        const socket = connect(Number(origin.port), origin.hostname);
        const line = host === undefined ? '' : `Host: ${host}\r\n`;
        socket.on('data', (text) => {
          resolve(Number(String(text).split(' ')[1]));
          socket.destroy();
        });
        socket.on('error', reject);
        socket.write(`GET / HTTP/1.1\r\n${line}\r\n`);
      });
    for (const name of ['127.0.0.1', 'localhost', 'LOCALHOST', '[::1]']) {
      expect({ name, status: await asked(`${name}:${origin.port}`) }).toEqual({ name, status: 200 });
    }
    const others = ['evil.example', `evil.example:${origin.port}`, 'localhost', 'localhost:1', ''].concat(
      `localhost.evil.example:${origin.port}`,
      `127.0.0.1:${origin.port}@evil.example`,
      `0.0.0.0:${origin.port}`,
    );
    for (const name of others) expect({ name, status: await asked(name) }).toEqual({ name, status: 421 });
    expect(await asked(undefined)).toBe(400);
  });

  it('follows links inside its folder and none out of it', async () => {
    symlinkSync(join(top, 'secret.txt'), join(folder, 'link.txt'));
    symlinkSync(top, join(folder, 'up'));
    symlinkSync('/proc', join(folder, 'proc'));
    symlinkSync('main.js', join(folder, 'inside.js'));
    symlinkSync('nowhere', join(folder, 'dangling'));
    if (process.platform !== 'win32') execFileSync('mkfifo', [join(folder, 'fifo')]);
    for (const path of ['/link.txt', '/up/secret.txt', '/proc/version', '/dangling', '/fifo', '/up/']) {
      expect({ path, ...(await get(path)) }).toMatchObject({ path, status: 404 });
    }
    expect(await get('/inside.js')).toMatchObject({ status: 200 });
  });

  it('gives large files piece by piece, and their size without reading', async () => {
    const size = 3 * 2 ** 30;
    writeFileSync(join(folder, 'large.h5'), 'begin');
    truncateSync(join(folder, 'large.h5'), size);
    writeFileSync(join(folder, 'empty.json'), '');
    const ask = (path: string, method: string) =>
      new Promise<{ status?: number; length?: string; first: string }>((resolve, reject) => {
        request({ host: origin.hostname, port: origin.port, path, method }, (response) => {
          const { statusCode: status, headers } = response;
          const done = (first: string) => {
            resolve({ status, length: headers['content-length'], first });
            response.destroy();
          };
          response.once('data', (piece) => done(piece.toString('latin1', 0, 5)));
          response.once('end', () => done(''));
        })
          .on('error', reject)
          .end();
      });
    expect(await ask('/large.h5', 'GET')).toEqual({ status: 200, length: String(size), first: 'begin' });
    expect(await ask('/large.h5', 'HEAD')).toEqual({ status: 200, length: String(size), first: '' });
    expect(await ask('/empty.json', 'GET')).toEqual({ status: 200, length: '0', first: '' });
    expect((await get('/main.js')).status).toBe(200);
  });

  for (const [method, status] of [
    ['POST', 405],
    ['GET', 413],
  ] as const) {
    it(`closes the connection of an upload by ${method} instead of reading it`, async () => {
      const sent = await new Promise<{ bytes: number; answer: string }>((resolve) => {
        const socket = connect(Number(origin.port), origin.hostname);
        let bytes = 0;
        let answer = '';
        const piece = Buffer.alloc(2 ** 16);
        const more = (): void => {
          if (socket.destroyed || bytes > 2 ** 30) {
            socket.destroy();
            return;
          }
          bytes += piece.length;
          if (socket.write(piece)) setImmediate(more);
          else socket.once('drain', more);
        };
        socket.on('data', (text) => {
          answer += text;
        });
        socket.on('error', () => {});
        socket.on('close', () => resolve({ bytes, answer }));
        socket.write(`${method} / HTTP/1.1\r\nHost: ${origin.host}\r\nContent-Length: ${2 ** 40}\r\n\r\n`);
        more();
      });
      expect(sent.answer).toMatch(/^HTTP\/1.1 \d+ [\s\S]*connection: close/i);
      expect(sent.answer).toContain(` ${status} `);
      expect(sent.bytes).toBeLessThan(2 ** 28);
    });
  }

  it('says in one line what is wrong', async () => {
    for (const [args, says] of [
      [['--port', origin.port, folder], /^chexgpu: Port \d+ is taken; give another --port\.$/],
      [['--port', 'x', folder], /^chexgpu: --port x is no port/],
      [['--port', '0', top], /^chexgpu: .* has no index\.html; build it with npm run build:web\.$/],
    ] as const) {
      const { line, code } = await start(...args);
      expect(line).toMatch(says);
      expect(await code).toBe(2);
    }
  });
});
