/**
 * Makes a clone ready to run: installs the npm packages when they are missing or stale, builds
 * dist when the sources changed, and links `chexgpu` for npx. Says nothing when nothing is to do.
 * Plain JavaScript without dependencies, as it runs before there are any.
 *
 *   node src/cli/setup.mjs
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isBuilt } from './sources.mjs';

const OLDEST_NODE = 20;
const root = fileURLToPath(new URL('../..', import.meta.url));
const modules = path.join(root, 'node_modules');
const stampFile = path.join(modules, '.chexgpu-stamp');
const lockFolder = path.join(root, '.cache', 'setup.lock');
/** A holder touches its lock this often, and is taken for dead after the other time. */
const BEAT_MS = 2000;
const DEAD_MS = 60000;

/** Ends with a message instead of a stack trace. */
class SetupError extends Error {}

const readJson = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// --- the npm packages --------------------------------------------------------------------------

function wantedStamp() {
  const lock = fs.readFileSync(path.join(root, 'package-lock.json'));
  const hash = createHash('sha256').update(lock).digest('hex');
  return `${hash} ${process.platform} ${process.arch}\n`;
}

function readStamp() {
  try {
    return fs.readFileSync(stampFile, 'utf8');
  } catch {
    return '';
  }
}

/** True when somebody ran npm by hand and left just the versions that package-lock.json names. */
function installedByHand() {
  try {
    const wanted = readJson(path.join(root, 'package-lock.json')).packages;
    // npm writes this file when it is done, so it is absent after an install that broke off.
    const present = readJson(path.join(modules, '.package-lock.json')).packages;
    return Object.entries(wanted).every(([key, entry]) => {
      if (key === '') return true;
      if (!present[key]) return Boolean(entry.optional);
      return present[key].version === entry.version && fs.existsSync(path.join(root, key));
    });
  } catch {
    return false;
  }
}

const isInstalled = () => readStamp() === wantedStamp();

/** npm's own cache, or one under the temporary folder when the home folder cannot be written. */
function npmCache() {
  let cache = process.env.npm_config_cache;
  try {
    cache = cache || path.join(os.homedir(), '.npm');
    fs.mkdirSync(cache, { recursive: true });
    fs.accessSync(cache, fs.constants.W_OK);
    return cache;
  } catch {
    const user = process.getuid ? process.getuid() : 'user';
    return path.join(os.tmpdir(), `chexgpu-npm-${user}`);
  }
}

/** The npm or build that is running: it must not outlive the lock. */
let running = null;

/** Runs a program; its output is shown when it fails, or at once with `show`. */
function execute(command, args, { show = false, env = process.env, shell = false } = {}) {
  return new Promise((resolve, reject) => {
    const stdio = show ? 'inherit' : ['ignore', 'pipe', 'pipe'];
    const child = spawn(command, args, { cwd: root, env, shell, stdio });
    let output = '';
    for (const stream of show ? [] : [child.stdout, child.stderr]) {
      stream.on('data', (data) => {
        output += data;
      });
    }
    running = child;
    noteHolder();
    child.on('error', (error) => reject(new SetupError(`${command} does not start: ${error.message}`)));
    child.on('close', (code, signal) => {
      running = null;
      if (code === 0) resolve();
      else reject(new SetupError(`${output}${[command, ...args].join(' ')} ended with ${signal || code}.`));
    });
  });
}

async function install() {
  const fresh = !fs.existsSync(modules);
  if (!fresh && installedByHand()) {
    fs.writeFileSync(stampFile, wantedStamp());
    return;
  }
  const started = Date.now();
  console.log(fresh ? 'installing the npm packages ...' : 'the npm packages are stale: installing ...');
  // An install that breaks off must not look like one that is done.
  fs.rmSync(stampFile, { force: true });
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const env = { ...process.env, npm_config_cache: npmCache() };
  const npm = process.env.npm_execpath;
  try {
    if (npm && /npm-cli\.c?js$/.test(npm)) await execute(process.execPath, [npm, ...args], { env });
    else await execute('npm', args, { env, shell: process.platform === 'win32' });
  } catch (error) {
    throw new SetupError(`${error.message}\nThe npm packages could not be installed; is there a network?`);
  }
  fs.writeFileSync(stampFile, wantedStamp());
  console.log(`installed the npm packages in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

// --- one set-up at a time ----------------------------------------------------------------------

function isAbandoned() {
  try {
    if (Date.now() - fs.statSync(lockFolder).mtimeMs > DEAD_MS) return true;
    const { pids, host } = readJson(path.join(lockFolder, 'holder.json'));
    return host === os.hostname() && !pids.some(isAlive);
  } catch {
    // Taken this very moment: the holder has not said yet who it is.
    return false;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code !== 'ESRCH';
  }
}

function noteHolder() {
  const pids = [process.pid, running?.pid].filter(Boolean);
  fs.writeFileSync(path.join(lockFolder, 'holder.json'), JSON.stringify({ pids, host: os.hostname() }));
}

async function takeLock() {
  fs.mkdirSync(path.dirname(lockFolder), { recursive: true });
  for (let waits = 0; ; waits++) {
    try {
      fs.mkdirSync(lockFolder);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (isAbandoned()) {
      fs.rmSync(lockFolder, { recursive: true, force: true });
      continue;
    }
    if (waits === 0) console.log('another chexgpu set-up is running here: waiting for it ...');
    await pause(300);
  }
  noteHolder();
  const beat = setInterval(() => {
    const now = new Date();
    fs.utimes(lockFolder, now, now, () => {});
  }, BEAT_MS);
  beat.unref();
  process.on('exit', () => {
    // npm takes its time after SIGTERM, and the next set-up would begin beside it.
    running?.kill('SIGKILL');
    fs.rmSync(lockFolder, { recursive: true, force: true });
  });
  for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 })) {
    process.on(signal, () => process.exit(code));
  }
}

// --- npx chexgpu -------------------------------------------------------------------------------

/** npx looks into node_modules/.bin, where npm puts the commands of others but not our own. */
function linkCommand() {
  if (process.platform === 'win32') return;
  const link = path.join(modules, '.bin', 'chexgpu');
  const target = path.join('..', '..', 'dist', 'cli', 'main.js');
  try {
    if (fs.readlinkSync(link) === target) return;
  } catch {
    // Not there yet.
  }
  fs.rmSync(link, { force: true });
  fs.symlinkSync(target, link);
}

const isReady = () => isInstalled() && isBuilt(root);

async function main() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < OLDEST_NODE) {
    throw new SetupError(
      `chexgpu needs Node ${OLDEST_NODE} or newer; this is Node ${process.versions.node}.`,
    );
  }
  if (isReady()) return;
  try {
    fs.accessSync(root, fs.constants.W_OK);
  } catch {
    throw new SetupError(
      `The folder ${root} cannot be written, and it still has to be set up. Clone it elsewhere.`,
    );
  }
  await takeLock();
  if (!isInstalled()) await install();
  if (!isBuilt(root)) {
    await execute(process.execPath, [path.join(root, 'src', 'cli', 'build.mjs')], { show: true });
  }
  linkCommand();
}

main().then(
  // Not left to the event loop: the lock goes with the process.
  () => process.exit(0),
  (error) => {
    console.error(error instanceof SetupError ? error.message : error);
    process.exit(1);
  },
);
