/**
 * Serves a folder to this machine only, under a policy that lets a page load nothing from elsewhere.
 *
 *   node src/cli/serve.mjs [--port N] [FOLDER]      default: port 8000, dist/examples/browser
 */
import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ADDRESS = '127.0.0.1';

const CONTENT_TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
};

const HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "img-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-cache',
};

/** The file that a request is for; null when it lies outside the folder. */
function fileFor(folder, url) {
  let path;
  try {
    path = decodeURIComponent(new URL(url, `http://${ADDRESS}`).pathname);
  } catch {
    return null;
  }
  if (path.includes('\0')) return null;
  const file = join(folder, path.endsWith('/') ? `${path}index.html` : path);
  return file.startsWith(folder + sep) ? file : null;
}

async function answer(folder, request, response) {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end();
    return;
  }
  const file = fileFor(folder, request.url);
  const body = file && (await readFile(file).catch(() => null));
  if (!body) {
    response.writeHead(404, { ...HEADERS, 'content-type': 'text/plain' }).end('not found\n');
    return;
  }
  response.writeHead(200, {
    ...HEADERS,
    'content-type': CONTENT_TYPES[extname(file)] ?? 'application/octet-stream',
    'content-length': body.length,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** @returns the server, listening on 127.0.0.1; port 0 takes a free one */
async function serve(folder, port) {
  const root = resolve(folder);
  const server = createServer((request, response) => {
    answer(root, request, response).catch(() => response.destroy());
  });
  await new Promise((done, fail) => {
    server.once('error', fail);
    server.listen(port, ADDRESS, done);
  });
  return server;
}

async function main() {
  const { values, positionals } = parseArgs({
    options: { port: { type: 'string', default: '8000' } },
    allowPositionals: true,
  });
  const folder = positionals[0] ?? fileURLToPath(new URL('../../dist/examples/browser', import.meta.url));
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new Error(`--port ${values.port} is no port; give a number from 0 to 65535.`);
  }
  if (!(await stat(join(folder, 'index.html')).catch(() => null))) {
    throw new Error(`${folder} has no index.html; build it with npm run build.`);
  }
  const server = await serve(folder, port).catch((error) => {
    throw error.code === 'EADDRINUSE' ? new Error(`Port ${port} is taken; give another --port.`) : error;
  });
  console.log(`http://${ADDRESS}:${server.address().port}/  (Ctrl+C ends it)`);
}

main().catch((error) => {
  console.error(`chexgpu: ${error.message}`);
  process.exitCode = 2;
});
