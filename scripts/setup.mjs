/**
 * Makes a clone ready to run: installs the npm packages when they are missing or stale, builds
 * dist when the sources changed, and links `chexgpu` for npx. Says nothing when nothing is to do.
 * Plain JavaScript without dependencies, as it runs before there are any.
 *
 *   node scripts/setup.mjs
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isBuilt } from './buildStamp.mjs';
import { endGroup, identify } from './processIdentity.mjs';
import { SetupError, SetupLock } from './setupLock.mjs';

const OLDEST_NODE = 20;
const root = fileURLToPath(new URL('..', import.meta.url));
const modules = path.join(root, 'node_modules');
const stampFile = path.join(modules, '.chexgpu-stamp');
const guard = path.join(root, 'scripts', 'endWithParent.mjs');
/** What was node_modules, on its way out; the process's number follows. */
const oldModules = path.join(root, '.cache', 'old-modules-');
const lock = new SetupLock(root);

const readJson = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));

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

/** npm's own cache, or one in this clone when the home folder cannot be written: a temporary one others could fill. */
function npmCache() {
  let cache = process.env.npm_config_cache;
  try {
    cache = cache || path.join(os.homedir(), '.npm');
    fs.mkdirSync(cache, { recursive: true });
    fs.accessSync(cache, fs.constants.W_OK);
    return cache;
  } catch {
    return path.join(root, '.cache', 'npm');
  }
}

/** The npm or build that is running, under its guard: it must not outlive us. */
let running = null;

/** Runs a program; its output is shown when it fails, or at once with `show`. */
function execute(command, args, { show = false, env = process.env } = {}) {
  return new Promise((resolve, reject) => {
    const output = show ? 'inherit' : 'pipe';
    const child = spawn(process.execPath, [guard, command, ...args], {
      cwd: root,
      env,
      // A group of its own, so that all of it can be ended at once.
      detached: process.platform !== 'win32',
      windowsHide: true,
      stdio: ['pipe', output, output],
    });
    let text = '';
    for (const stream of show ? [] : [child.stdout, child.stderr]) {
      stream.on('data', (data) => {
        text += data;
      });
    }
    child.on('error', (error) => reject(new SetupError(`${command} does not start: ${error.message}`)));
    child.on('close', (code, signal) => {
      running = null;
      if (code === 0) resolve();
      else reject(new SetupError(`${text}${[command, ...args].join(' ')} ended with ${signal || code}.`));
    });
    if (child.pid === undefined) return;
    running = identify(child.pid);
    lock.noteChild(child.pid);
  });
}

/**
 * Moves what is there of node_modules aside and deletes it: npm stumbles over what an install that was stopped
 * has left, and a folder that is deleted in its place is for a while half of one.
 */
async function clearModules() {
  fs.mkdirSync(path.dirname(oldModules), { recursive: true });
  try {
    // A link or a mount of the user's stays; npm empties it.
    if (fs.lstatSync(modules).isDirectory()) fs.renameSync(modules, `${oldModules}${process.pid}`);
  } catch {
    // Not there, or in use: npm will say.
  }
  for (const name of fs.readdirSync(path.dirname(oldModules))) {
    if (!name.startsWith(path.basename(oldModules))) continue;
    await fs.promises.rm(path.join(path.dirname(oldModules), name), { recursive: true, force: true });
  }
}

/** What npm says where somebody else writes into node_modules at the same time. */
const DISTURBED = /ENOTEMPTY|EEXIST|EBUSY/;

async function runNpm() {
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const env = { ...process.env, npm_config_cache: npmCache() };
  const npm = process.env.npm_execpath;
  const [program, ...before] = npm && /npm-cli\.c?js$/.test(npm) ? [process.execPath, npm] : ['npm'];
  for (let attempt = 1; ; attempt++) {
    await clearModules();
    try {
      return await execute(program, [...before, ...args], { env });
    } catch (error) {
      if (attempt < 2 && DISTURBED.test(error.message)) continue;
      throw new SetupError(`${error.message}\nThe npm packages could not be installed; is there a network?`);
    }
  }
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
  await runNpm();
  fs.writeFileSync(stampFile, wantedStamp());
  console.log(`installed the npm packages in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

// --- one set-up at a time ----------------------------------------------------------------------

async function takeLock() {
  await lock.take(() => console.log('another chexgpu set-up is running here: waiting for it ...'));
  process.on('exit', () => {
    // What still runs ends with us; the lock stays then, and tells the next set-up whose end to wait for.
    if (!running) lock.release();
  });
  for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 })) {
    process.on(signal, () => stop(code));
  }
}

/** Ends what runs, waits for its end, then ends us. */
async function stop(code) {
  if (running && (await endGroup(running, fs.realpathSync(root)))) running = null;
  process.exit(code);
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
    await execute(process.execPath, [path.join(root, 'scripts', 'build.mjs')], { show: true });
  }
  linkCommand();
}

main().then(
  // Not left to the event loop: the lock goes with the process.
  () => process.exit(0),
  (error) => {
    // A full disk or a missing permission is no bug of ours either.
    const known = error instanceof SetupError || error.syscall !== undefined;
    console.error(known ? `chexgpu: the set-up failed: ${error.message}` : error);
    process.exit(1);
  },
);
