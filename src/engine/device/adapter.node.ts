/**
 * Finds a WebGPU adapter for Node under npm `webgpu` (Dawn): the machine's GPU, else a software
 * Vulkan driver of the system that Dawn accepts (Mesa's lavapipe), else the SwiftShader of the npm
 * package chexgpu-swiftshader.
 */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { requireFields } from '../../core/arguments.js';
import { AdapterError, MissingPackageError, UsageError } from '../../core/errors.js';
import { loadWebgpu } from '../../core/host/optionalPackages.node.js';
import { homeFolder } from './archiveCache.node.js';
import { captureStderr } from './stderr.node.js';
import { loadLibrary, loadSwiftshader, swiftshaderObstacle } from './swiftshader.node.js';

/** Adapters that can be asked for, as CHEXGPU_ADAPTER names them. */
export type AdapterChoice = 'hardware' | 'lavapipe' | 'swiftshader';
export type AdapterKind = AdapterChoice | 'other-software';

export interface FoundAdapter {
  gpu: GPU;
  adapter: GPUAdapter;
  kind: AdapterKind;
  /** Why this one and no better one, as half a sentence. */
  why: string;
  /** One line for the top of a program's output: the name and why. */
  headline: string;
}

export interface FindAdapterOptions {
  /** Take this one or fail; stands above the environment's CHEXGPU_ADAPTER. */
  force?: AdapterChoice;
  /**
   * Keep the warnings that Dawn and the Vulkan loader print away from stderr. Only for the start
   * of a program, before anything else opens files (see captureStderr); Linux, main thread only.
   */
  quiet?: boolean;
}

const CHOICES: readonly AdapterChoice[] = ['hardware', 'lavapipe', 'swiftshader'];

/** allow_unsafe_apis: subgroup matrices. timestamp_quantization rounds GPU times to 0.1 ms. */
const DAWN_FLAGS = ['enable-dawn-features=allow_unsafe_apis', 'disable-dawn-features=timestamp_quantization'];

const INSTALL_HELP = [
  'To have one, install:',
  '  Debian, Ubuntu   sudo apt install libvulkan1 mesa-vulkan-drivers   (Debian 12: add -t bookworm-backports,',
  '                   its own Mesa 22.3 is too old; Mesa 25 is known to work), or the driver of your GPU',
  '  Fedora           sudo dnf install vulkan-loader mesa-vulkan-drivers, or the driver of your GPU',
  '  macOS            nothing: macOS 12 or newer with Metal; in a virtual machine, give it the GPU',
  '  Windows          the Direct3D 12 driver of your GPU, from its maker or Windows Update',
  '  Linux on x64     or SwiftShader, in software: npm i chexgpu-swiftshader (in a clone: npm run build)',
].join('\n');

/** Drivers are named by environment variables; a worker thread usually writes a copy, of which no library hears. */
const THREAD_HELP =
  'In a worker thread that needs the environment of the process: ' +
  'new Worker(file, { env: SHARE_ENV }), SHARE_ENV of node:worker_threads.';

/**
 * Every GPU object that gave an adapter. Dawn aborts the process ("terminate called ... Invalid
 * argument") when the GPU object is collected while work of one of its devices is in flight, and a
 * reference does not keep the process from ending. One for each way of asking, used again.
 */
const held = new Map<string, GPU>();

interface Asked {
  gpu: GPU;
  adapter: GPUAdapter;
  kind: AdapterKind;
}

function kindOf(info: GPUAdapterInfo): AdapterKind {
  const words = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`.toLowerCase();
  if (words.includes('llvmpipe')) return 'lavapipe';
  if (words.includes('swiftshader')) return 'swiftshader';
  return info.isFallbackAdapter ? 'other-software' : 'hardware';
}

/** The adapter's name as people know it. */
export function adapterName(info: GPUAdapterInfo): string {
  const kind = kindOf(info);
  if (kind === 'lavapipe') return info.description.replace(/^llvmpipe: /, 'lavapipe, ');
  if (kind === 'swiftshader') return info.description || 'SwiftShader';
  const device = info.device && !/^0x/.test(info.device) ? info.device : '';
  const name = [info.vendor, device || info.architecture].filter(Boolean).join(' ');
  return info.description ? `${name} (${info.description})` : name;
}

/** Node says "cannot find module" and lists its require stack; the first line is enough. */
const firstLine = (cause: unknown): string => String((cause as Error)?.message ?? cause).split('\n')[0];

async function loadDawn(): Promise<(options: string[]) => GPU> {
  try {
    const { create, globals } = await loadWebgpu();
    // GPUBufferUsage, GPUMapMode and the like, where the host has none of its own.
    for (const [name, value] of Object.entries(globals)) {
      if (!(name in globalThis)) {
        Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
      }
    }
    return create;
  } catch (cause) {
    if (cause instanceof MissingPackageError) throw cause;
    const { cause: why = cause } = cause as Error;
    throw new AdapterError(
      `The npm package webgpu does not load on ${process.platform} ${process.arch}: ${firstLine(why)}.`,
      'It is built for Linux (glibc) and Windows on x64 and arm64 and for macOS; install it anew: npm i webgpu',
    );
  }
}

/**
 * Asks Dawn for its best adapter (Dawn sorts discrete, integrated, software), with VK_DRIVER_FILES
 * set to `drivers` while it looks; the variables are put back afterwards.
 */
async function ask(flags: string[], drivers?: string): Promise<Asked | null> {
  const create = await loadDawn();
  // Without a Vulkan loader or a driver Dawn finds nothing on Linux, and says so at length on stderr.
  if (process.platform === 'linux') {
    if (!drivers && !hasDriver()) return null;
    if (!loadLibrary('libvulkan.so.1')) return null;
  }
  const key = JSON.stringify([flags, drivers]);
  const before = {
    VK_DRIVER_FILES: process.env.VK_DRIVER_FILES,
    VK_ICD_FILENAMES: process.env.VK_ICD_FILENAMES,
  };
  try {
    // The second name is the one that loaders older than 1.3.207 read.
    if (drivers) Object.assign(process.env, { VK_DRIVER_FILES: drivers, VK_ICD_FILENAMES: drivers });
    const gpu = held.get(key) ?? create([...DAWN_FLAGS, ...flags]);
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (!adapter) return null;
    held.set(key, gpu);
    return { gpu, adapter, kind: kindOf(adapter.info) };
  } catch (cause) {
    // With `adapter=NAME` Dawn throws where no adapter has that name.
    if (firstLine(cause).includes('no suitable backends')) return null;
    throw new AdapterError(`Dawn failed while it looked for an adapter: ${firstLine(cause)}.`, INSTALL_HELP);
  } finally {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

/** Folders where the Vulkan loader looks for drivers. */
function driverFolders(): string[] {
  const { XDG_DATA_DIRS, XDG_CONFIG_DIRS, XDG_DATA_HOME } = process.env;
  const bases = [
    XDG_DATA_HOME ?? (homeFolder() && join(homeFolder(), '.local/share')),
    ...(XDG_CONFIG_DIRS ?? '/etc/xdg').split(':'),
    '/usr/local/etc',
    '/etc',
    ...(XDG_DATA_DIRS ?? '').split(':'),
    '/usr/local/share',
    '/usr/share',
    '/run/opengl-driver/share',
  ];
  return [...new Set(bases.filter(Boolean))].map((base) => join(base, 'vulkan/icd.d'));
}

/** Whether the Vulkan loader has any driver's manifest to look at: in its folders, or where its variables point. */
function hasDriver(): boolean {
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES, VK_ADD_DRIVER_FILES } = process.env;
  const instead = VK_DRIVER_FILES ?? VK_ICD_FILENAMES;
  const named = [instead, VK_ADD_DRIVER_FILES].flatMap((list) => list?.split(':') ?? []).filter(Boolean);
  // A variable may name a folder of manifests too; what is in there is the loader's business.
  if (named.some((path) => existsSync(path))) return true;
  if (instead) return false;
  return driverFolders().some(
    (folder) => existsSync(folder) && readdirSync(folder).some((file) => file.endsWith('.json')),
  );
}

/** The manifests of lavapipe on this system, without those for other processors. */
function lavapipeManifests(): string[] {
  const foreign = process.arch === 'x64' ? /i[3-6]86|aarch64|arm/ : /i[3-6]86|x86_64/;
  return driverFolders().flatMap((folder) => {
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .filter((file) => file.startsWith('lvp_icd') && file.endsWith('.json') && !foreign.test(file))
      .map((file) => join(folder, file));
  });
}

const askLavapipe = async (): Promise<Asked | null> => {
  const visible = await ask(['adapter=llvmpipe']);
  if (visible) return visible;
  const manifests = lavapipeManifests();
  return manifests.length ? ask(['adapter=llvmpipe'], manifests.join(':')) : null;
};

const askSwiftshader = async (): Promise<Asked | null> =>
  swiftshaderObstacle() ? null : ask(['adapter=SwiftShader'], await loadSwiftshader());

function forcedBy(options: FindAdapterOptions): { choice: AdapterChoice; by: string } | null {
  if (options.force) return { choice: options.force, by: 'asked for by the caller' };
  const value = process.env.CHEXGPU_ADAPTER;
  if (!value) return null;
  const choice = CHOICES.find((known) => known === value);
  if (!choice) {
    throw new UsageError(`CHEXGPU_ADAPTER is '${value}'.`, `Use one of ${CHOICES.join(', ')}, or unset it.`);
  }
  return { choice, by: `CHEXGPU_ADAPTER=${choice}` };
}

/** What to do where there is no SwiftShader either. */
const help = (): string => (isMainThread || swiftshaderObstacle() ? INSTALL_HELP : THREAD_HELP);

async function findForced(choice: AdapterChoice, by: string): Promise<Asked & { why: string }> {
  if (choice === 'hardware') {
    const found = await ask([]);
    if (found?.kind === 'hardware') return { ...found, why: by };
    const instead = found
      ? `only ${adapterName(found.adapter.info)}, which is software`
      : 'no adapter at all';
    throw new AdapterError(`A hardware adapter was wanted (${by}), but Dawn finds ${instead}.`, INSTALL_HELP);
  }
  if (choice === 'lavapipe') {
    const found = await askLavapipe();
    if (found) return { ...found, why: by };
    const manifests = lavapipeManifests();
    const reason = manifests.length
      ? `Dawn does not accept the one in ${manifests.join(', ')}`
      : 'no lvp_icd*.json is in the folders for Vulkan drivers';
    throw new AdapterError(`lavapipe was wanted (${by}), but ${reason}.`, INSTALL_HELP);
  }
  const found = await askSwiftshader();
  if (found) return { ...found, why: by };
  const reason = swiftshaderObstacle() ?? 'Dawn does not accept it';
  throw new AdapterError(`SwiftShader was wanted (${by}), but ${reason}.`, help());
}

async function findBest(): Promise<Asked & { why: string }> {
  const system = await ask([]);
  if (system?.kind === 'hardware') return { ...system, why: "the machine's GPU" };
  if (system && system.kind !== 'swiftshader') {
    return { ...system, why: 'no GPU found, so a software driver of the system' };
  }
  if (system) {
    const faster = await ask(['adapter=llvmpipe']);
    return { ...(faster ?? system), why: 'no GPU found, so a software driver of the system' };
  }
  const embedded = await askSwiftshader();
  if (embedded) {
    const given = process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES;
    const none = given
      ? `no adapter in VK_DRIVER_FILES=${given}`
      : 'no GPU and no usable system driver found';
    return { ...embedded, why: `${none}, so the embedded SwiftShader` };
  }
  const obstacle = swiftshaderObstacle() ?? 'it does not accept the embedded SwiftShader';
  throw new AdapterError(
    `No WebGPU adapter: Dawn finds no GPU and no software driver, and ${obstacle}.`,
    help(),
  );
}

/** One search at a time: each sets environment variables while it runs. */
let queue: Promise<unknown> = Promise.resolve();

/**
 * The best WebGPU adapter of this machine, or the one forced by `options.force` or by the
 * environment's CHEXGPU_ADAPTER (hardware, lavapipe or swiftshader). Defines the WebGPU globals
 * (GPUBufferUsage and so on). A worker thread finds the embedded SwiftShader only with the environment of the
 * process, `new Worker(file, { env: SHARE_ENV })`: the Vulkan loader reads variables that are set here.
 * @throws UsageError when CHEXGPU_ADAPTER names no such adapter
 * @throws AdapterError when there is none; the message says what to install
 */
export async function findAdapter(options: FindAdapterOptions = {}): Promise<FoundAdapter> {
  requireFields('The options of findAdapter', options, ['force', 'quiet']);
  const search = async (): Promise<FoundAdapter> => {
    const forced = forcedBy(options);
    const { gpu, adapter, kind, why } = forced
      ? await findForced(forced.choice, forced.by)
      : await findBest();
    const label = kind === 'hardware' ? 'hardware' : 'software';
    return { gpu, adapter, kind, why, headline: `Adapter: ${adapterName(adapter.info)} [${label}] (${why})` };
  };
  const result = queue.then(() =>
    options.quiet ? captureStderr(search).then((captured) => captured.result) : search(),
  );
  queue = result.catch(() => {});
  return result;
}
