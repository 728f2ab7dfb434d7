/**
 * Serves a folder to this machine only, under a policy that lets a page load nothing from elsewhere. By hand, not by
 * sirv: that answers to any name of this machine, follows links out of the folder, and reads what is no regular file.
 *
 *   node scripts/serve.mjs [--port N] [FOLDER]      default: port 8000, dist/web
 */
import { constants } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ADDRESS = '127.0.0.1';
/** What this machine calls itself. Any other name was made to point here by somebody else's name server. */
const OWN_NAMES = ['127.0.0.1', 'localhost', '[::1]'];

const NO_UPLOADS = 'this server takes no uploads';

const CONTENT_TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
};

/** The pages' worker, which reads HDF5 by WebAssembly; nothing else compiles any. */
const WORKER = '/worker.js';

/** What a page or worker may load: its own files. Policies of workers go by their own answers. */
const policy = (path) =>
  [
    "default-src 'none'",
    `script-src 'self'${path === WORKER ? " 'wasm-unsafe-eval'" : ''}`,
    "style-src 'self'",
    "img-src 'self' blob:",
    "connect-src 'self'",
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

const HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-cache',
};

/** The file that a request names below `folder`; null when it lies outside. */
function fileFor(folder, url) {
  let path;
  try {
    path = decodeURIComponent(new URL(url, `http://${ADDRESS}`).pathname);
  } catch {
    return null;
  }
  if (path.includes('\0')) return null;
  const file = join(folder, path.endsWith('/') ? `${path}index.html` : path);
  return isBelow(folder, file) ? file : null;
}

function isBelow(folder, file) {
  return file.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/**
 * Opens the file of a request: a regular one (anything else may have no end) that lies in the folder also when all
 * links are followed.
 * @returns its handle and size; null when there is none to give
 */
async function openFile(folder, file) {
  let handle;
  try {
    if (!isBelow(folder, await realpath(file))) return null;
    handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const opened = await handle.stat();
    // Once more, now that it is open: what was opened is what lies there.
    const real = await realpath(file);
    const there = await stat(real);
    if (opened.isFile() && isBelow(folder, real) && there.ino === opened.ino && there.dev === opened.dev) {
      return { handle, size: opened.size };
    }
  } catch {
    // Missing, or not to be read.
  }
  await handle?.close();
  return null;
}

/** Time to read a refusal before the connection is closed. */
const PARTING_MS = 500;

/**
 * Refuses a request and closes the connection. What it still sends is not read: an answer that was ended would
 * have Node do that, and a connection closed at once might take the answer with it.
 */
function refuse(response, status, text, headers = {}) {
  const body = `${text}\n`;
  response.writeHead(status, {
    ...HEADERS,
    'content-type': 'text/plain',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
    ...headers,
  });
  response.write(body);
  setTimeout(() => response.destroy(), PARTING_MS);
}

async function answer(folder, names, request, response) {
  if (!names.includes(request.headers.host?.toLowerCase())) {
    return refuse(response, 421, 'this server answers to localhost only');
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return refuse(response, 405, 'this server only gives files', { allow: 'GET, HEAD' });
  }
  const { 'content-length': length = '0', 'transfer-encoding': coding } = request.headers;
  if (length !== '0' || coding !== undefined) return refuse(response, 413, NO_UPLOADS);
  const file = fileFor(folder, request.url);
  const opened = file && (await openFile(folder, file));
  if (!opened) {
    response.writeHead(404, { ...HEADERS, 'content-type': 'text/plain' }).end('not found\n');
    return;
  }
  const { handle, size } = opened;
  try {
    response.writeHead(200, {
      ...HEADERS,
      'content-security-policy': policy(file.slice(folder.length).replaceAll(sep, '/')),
      'content-type': CONTENT_TYPES[extname(file)] ?? 'application/octet-stream',
      'content-length': size,
    });
    if (request.method === 'HEAD' || size === 0) response.end();
    else {
      // To the size that was announced, should the file grow meanwhile.
      const content = handle.createReadStream({ start: 0, end: size - 1, autoClose: false });
      await pipeline(content, response);
      // It shrank: the reader must not wait for the rest.
      if (content.bytesRead < size) response.destroy();
    }
  } finally {
    await handle.close();
  }
}

/** @returns the server, listening on 127.0.0.1; port 0 takes a free one */
async function serve(folder, port) {
  const root = await realpath(folder);
  const names = [];
  const server = createServer((request, response) => {
    answer(root, names, request, response).catch(() => response.destroy());
  });
  // Asked before sending a body (`Expect: 100-continue`): it is not wanted.
  server.on('checkContinue', (_request, response) => refuse(response, 417, NO_UPLOADS));
  await new Promise((done, fail) => {
    server.once('error', fail);
    server.listen(port, ADDRESS, done);
  });
  const { port: taken } = server.address();
  names.push(...OWN_NAMES.map((name) => `${name}:${taken}`), ...(taken === 80 ? OWN_NAMES : []));
  return server;
}

async function main() {
  const { values, positionals } = parseArgs({
    options: { port: { type: 'string', default: '8000' } },
    allowPositionals: true,
  });
  const folder = positionals[0] ?? fileURLToPath(new URL('../dist/web', import.meta.url));
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new Error(`--port ${values.port} is no port; give a number from 0 to 65535.`);
  }
  if (!(await stat(join(folder, 'index.html')).catch(() => null))) {
    throw new Error(`${folder} has no index.html; build it with npm run build:web.`);
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
