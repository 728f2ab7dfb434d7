/**
 * A real headless Chromium with WebGPU (in software) for tests: the one inside the npm package
 * @sparticuz/chromium, with the libraries it wants from the same package, so that it needs
 * nothing of the system and no network. Linux on x64 only.
 */
import { spawn } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, extname, join, normalize, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createBrotliDecompress } from 'node:zlib';
import { chromium, type Page } from 'playwright-core';
import { extract } from 'tar-fs';
import { cachedFolder } from '../../../src/engine/device/archiveCache.node.js';

export const CHROMIUM_RUNS_HERE = process.platform === 'linux' && process.arch === 'x64';

const SERVE = fileURLToPath(new URL('../../../scripts/serve.mjs', import.meta.url));

/** WebGPU on the SwiftShader that lies beside the binary. */
export const CHROMIUM_FLAGS = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  // Containers give /dev/shm only 64 MB.
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
];

/** Scripts of its own, and WebAssembly compiled from bytes it already has. */
const SCRIPTS = "'self' 'wasm-unsafe-eval'";

/** What the page may load: its own files. */
const contentSecurityPolicy = (scripts: string): string =>
  [
    "default-src 'none'",
    `script-src ${scripts}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' blob: data:",
    "connect-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');

const CONTENT_TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/** The package's own fonts, as pages must look alike on a machine without any. */
const FONTS = `<?xml version="1.0"?>
<fontconfig><dir prefix="relative">fonts</dir><cachedir prefix="xdg">fontconfig</cachedir></fontconfig>
`;

export interface Served {
  /** `http://127.0.0.1:port/` */
  origin: string;
  close(): Promise<void>;
}

/**
 * Serves the files of `folder`, nothing above it and nothing else, on a free port of 127.0.0.1.
 * @param scripts the policy's script-src for a path, `/page.html`
 */
export async function serveFolder(
  folder: string,
  scripts: (path: string) => string = () => SCRIPTS,
): Promise<Served> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
    const inside = normalize(decodeURIComponent(pathname.endsWith('/') ? `${pathname}index.html` : pathname));
    const path = join(folder, inside);
    const allowed = path.startsWith(normalize(folder).replace(/\/?$/, sep));
    (allowed ? readFile(path) : Promise.reject(new Error('outside'))).then(
      (body) => {
        response.writeHead(200, {
          'content-type': CONTENT_TYPES[extname(path)] ?? 'application/octet-stream',
          'content-security-policy': contentSecurityPolicy(scripts(inside)),
          'x-content-type-options': 'nosniff',
          'cross-origin-opener-policy': 'same-origin',
          'cross-origin-embedder-policy': 'require-corp',
          'cache-control': 'no-store',
        });
        response.end(body);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Unpacks an archive (.tar.br) into a folder. */
async function unpackTarBrotli(archive: string, folder: string): Promise<void> {
  // As root, tar-fs would hand the files to the user id of the machine they were packed on.
  const options = { chown: false, readable: true };
  await pipeline(createReadStream(archive), createBrotliDecompress(), extract(folder, options));
}

/** The npm package @sparticuz/chromium: where its archives lie, and its version. */
async function chromiumPackage(): Promise<{ bin: string; version: string }> {
  const folder = dirname(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')));
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
  return { bin: join(folder, 'bin'), version };
}

/** The folder as `npm run web` serves it, with its policies. */
export async function serveAsWeb(folder: string): Promise<Served> {
  const child = spawn(process.execPath, [SERVE, '--port', '0', folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const origin = await new Promise<string>((resolve) => {
    child.stdout.once('data', (line) => resolve(String(line).split(' ')[0]));
  });
  return {
    origin,
    close: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve();
        child.once('close', () => resolve());
        child.kill();
      }),
  };
}

/** Unpacks Chromium once per version into the cache (about 220 MB) and gives its folder. */
async function chromiumFolder(): Promise<string> {
  const installed = await chromiumPackage();
  return cachedFolder(`chromium-${installed.version}`, async (target) => {
    // The binary looks for SwiftShader's libraries beside itself.
    await unpackTarBrotli(join(installed.bin, 'swiftshader.tar.br'), target);
    await unpackTarBrotli(join(installed.bin, 'al2023.tar.br'), target);
    await unpackTarBrotli(join(installed.bin, 'fonts.tar.br'), target);
    await writeFile(join(target, 'fonts.conf'), FONTS);
    await pipeline(
      createReadStream(join(installed.bin, 'chromium.br')),
      createBrotliDecompress(),
      createWriteStream(join(target, 'chromium'), { mode: 0o755 }),
    );
  });
}

/** What Playwright wants to know to start it. */
export async function chromiumOptions() {
  const home = await chromiumFolder();
  return {
    executablePath: join(home, 'chromium'),
    args: CHROMIUM_FLAGS,
    // As root, in containers, Chromium's own sandbox cannot be set up.
    chromiumSandbox: false,
    env: {
      ...process.env,
      LD_LIBRARY_PATH: [join(home, 'lib'), process.env.LD_LIBRARY_PATH].filter(Boolean).join(':'),
      FONTCONFIG_PATH: home,
    },
  };
}

export interface OpenedPage {
  page: Page;
  /** Ends the server alone. */
  closeServer(): Promise<void>;
  origin: string;
  /** Uncaught errors, console errors (policy violations among them) and requests to other hosts. */
  problems: string[];
  /** From the launch to the page's load event. */
  startMilliseconds: number;
  close(): Promise<void>;
}

/**
 * Serves `folder` and opens `path` of it in a fresh headless Chromium.
 * @param serve how it is served; default: under a policy for tests
 * @throws Error when the folder is not there or Chromium does not start
 */
export async function openInChromium(
  folder: string,
  path = 'index.html',
  serve: (folder: string) => Promise<Served> = serveFolder,
): Promise<OpenedPage> {
  if (!(await stat(folder)).isDirectory()) throw new Error(`${folder} is not a folder`);
  const options = await chromiumOptions();
  const started = performance.now();
  const served = await serve(folder);
  const browser = await chromium.launch(options).catch(async (cause) => {
    await served.close();
    throw cause;
  });
  // A context by name: axe opens pages beside this one.
  const page = await (await browser.newContext()).newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(`uncaught: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(`console: ${message.text()}`);
  });
  await page.route(
    (url) => !url.href.startsWith(served.origin) && !/^(blob|data):/.test(url.href),
    (route) => {
      problems.push(`request to another host: ${route.request().url()}`);
      return route.abort();
    },
  );
  await page.goto(`${served.origin}${path}`);
  return {
    page,
    origin: served.origin,
    problems,
    startMilliseconds: performance.now() - started,
    closeServer: served.close,
    close: async () => {
      await browser.close();
      await served.close();
    },
  };
}
