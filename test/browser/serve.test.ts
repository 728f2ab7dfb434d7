import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const SERVE = fileURLToPath(new URL('../../src/cli/serve.mjs', import.meta.url));
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

describe('npm run example', () => {
  let started: Started;
  let origin: URL;

  beforeAll(async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, 'index.html'), '<!doctype html><title>x</title>');
    writeFileSync(join(folder, 'main.js'), 'export {};');
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

  it('says in one line what is wrong', async () => {
    for (const [args, says] of [
      [['--port', origin.port, folder], /^chexgpu: Port \d+ is taken; give another --port\.$/],
      [['--port', 'x', folder], /^chexgpu: --port x is no port/],
      [['--port', '0', top], /^chexgpu: .* has no index\.html; build it with npm run build\.$/],
    ] as const) {
      const { line, code } = await start(...args);
      expect(line).toMatch(says);
      expect(await code).toBe(2);
    }
  });
});
