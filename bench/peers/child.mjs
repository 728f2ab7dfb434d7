/**
 * One engine in a process of its own: `node child.mjs ENGINE`, told what to do over Node's IPC.
 *
 *   { id, op: 'open', job }    -> { id, result: { adapter, drivers, versions } | { unsupported } }
 *   { id, op: 'run' }          -> { id, result: { ms, values } }      values: probabilities, or [loss]
 *   { id, op: 'first', job }   -> both at once, for the time from process start to the first result
 *   { id, op: 'memory' }       -> { id, result: { peak, held, details } }   of one run more
 *   anything that throws       -> { id, error }
 */
import { existsSync, readFileSync } from 'node:fs';

const ENGINES = {
  chexgpu: ['./engines/chexgpu.mjs', {}],
  'onnxruntime-webgpu': ['./engines/onnxruntime.mjs', { provider: 'webgpu' }],
  'onnxruntime-cpu': ['./engines/onnxruntime.mjs', { provider: 'cpu' }],
  'tfjs-webgpu': ['./engines/tfjs.mjs', {}],
};

let opened;

/** Vulkan drivers this process has loaded, on Linux: what an engine that does not tell really runs on. */
function loadedDrivers() {
  if (!existsSync('/proc/self/maps')) return [];
  const maps = readFileSync('/proc/self/maps', 'utf8');
  const names = maps.matchAll(/(\/\S*\/(?:libvulkan_\w+|libvk_\w+|libGLX_nvidia|amdvlk\w*)\.so\S*)/g);
  return [...new Set([...names].map((match) => match[1]))];
}

async function open(job) {
  const engine = process.argv[2];
  if (!Object.hasOwn(ENGINES, engine)) throw new Error(`There is no engine '${engine}'.`);
  const [path, extra] = ENGINES[engine];
  const { open: openEngine } = await import(path);
  opened = await openEngine({ ...job, ...extra });
  const { adapter, adapterKind, versions, unsupported } = opened;
  return { adapter, adapterKind, versions, unsupported, drivers: loadedDrivers() };
}

async function run() {
  const started = performance.now();
  const values = await opened.run();
  return { ms: performance.now() - started, values: Float32Array.from(values) };
}

const OPS = {
  open: ({ job }) => open(job),
  run,
  async first({ job }) {
    const about = await open(job);
    return about.unsupported ? about : { ...about, ...(await run()) };
  },
  async memory() {
    opened.restartPeak();
    await opened.run();
    return opened.memory();
  },
};

process.on('message', async ({ id, op, ...rest }) => {
  try {
    process.send({ id, result: await OPS[op](rest) });
  } catch (error) {
    process.send({ id, error: error instanceof Error ? error.message : String(error) });
  }
});
// The parent is gone.
process.on('disconnect', () => process.exit(0));
