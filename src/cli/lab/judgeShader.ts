/** One trial of a user's shader: read, compile, fit, check, race; every step says what it found. */
import { basename } from 'node:path';
import { DataError, GpuError } from '../../core/errors.js';
import { plural } from '../../core/formatting.js';
import { shownPath } from '../../core/outputs/shownPath.node.js';
import { readRegularFile } from '../../core/readFile.node.js';
import type { Kernel, Scalars } from '../../engine/plan/kernel.js';
import type { Peaks } from '../../engine/timing/peaks.js';
import type { Lab, Runner, Verdict } from '../../lab/checkUserKernel.js';
import { type CompilerMessage, compilerMessages } from '../../lab/compilerMessages.js';
import { geometriesOf, hostConstants, networkChoice } from '../../lab/geometry.js';
import type { LabOperation } from '../../lab/operations.js';
import { type Comparison, compareBest, type LabRaceRow, raceOn } from '../../lab/raceUserKernel.js';
import { type Like, likeOf, notDispatched } from '../../lab/standIn.js';
import { type UserShader, userKernel, userShader } from '../../lab/userShader.js';
import type { CheckCase } from '../../shaders/checkCase.js';
import type { Output } from '../terminal/output.js';
import {
  comparisonText,
  compilerText,
  constantsText,
  geometryText,
  raceText,
  worstOf,
  wrongText,
} from './format.js';

const MOST_BYTES = 1 << 20;
/** After this long without a result it is said what is being waited for, and then again each time. */
const PATIENCE_MS = 5000;

/** @throws DataError where there is no shader to read */
export async function readShader(path: string): Promise<UserShader> {
  const where = shownPath(path);
  const bytes = await readRegularFile(path, {
    limit: MOST_BYTES,
    hint: 'Name a .wgsl file; --template prints a kernel to start from.',
  });
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new DataError(`${where} cannot be read as text: it is not UTF-8.`);
  }
  if (text.includes('\0')) throw new DataError(`${where} cannot be read as text: it has NUL characters.`);
  const file = userShader(basename(path), text);
  if (text.trim() === '')
    throw new DataError(`${where} is empty.`, '--template prints a kernel to start from.');
  return file;
}

export interface TrialReport {
  ok: boolean;
  operation: string;
  op: string;
  file: string;
  like: string;
  /** Constants that the host sets, and those that stay as the file has them. */
  constants: { set: readonly string[]; own: readonly string[] };
  warnings: readonly CompilerMessage[];
  /** Time of the first pipeline; less where the driver has kept it from another run. */
  compileMs: number;
  /** Small odd shapes; `skipped` are not dispatched like this variant. */
  checks: readonly Verdict[];
  skipped: readonly string[];
  race: readonly { title: string; rows: readonly LabRaceRow[]; comparison: Comparison | null }[];
  peaks: Peaks | null;
}

export interface TrialOptions {
  out: Output;
  lab: Lab;
  operation: LabOperation;
  path: string;
  /** Of --like. */
  like?: string;
  race: boolean;
  /** Race every tile of every variant, not only the one that the network would take. */
  tiles: boolean;
  /** Measures what the adapter reaches at most; null where that is not wanted. */
  peaks: (() => Promise<Peaks>) | null;
  /** Ends it between two steps. */
  signal: AbortSignal;
}

/** Says what is being waited for when a step takes long. */
class Patience {
  private timer: NodeJS.Timeout | undefined;
  constructor(private readonly out: Output) {}

  step(what: string): void {
    this.end();
    let seconds = 0;
    this.timer = setInterval(() => {
      seconds += PATIENCE_MS / 1000;
      this.out.warn(
        `${seconds} s and still at ${what}; a GPU program cannot be stopped (twice Ctrl-C ends us).`,
      );
    }, PATIENCE_MS);
  }

  end(): void {
    clearInterval(this.timer);
  }
}

interface Entry {
  file: UserShader;
  kernel: Kernel;
  like: Like;
  /** Those that its variant is meant for. */
  cases: readonly CheckCase[];
  constants: TrialReport['constants'];
  warnings: readonly CompilerMessage[];
  compileMs: number;
}

/** The file as a kernel, and what the host gives to it. */
async function enter({ out, lab, operation, path, like: wanted }: TrialOptions): Promise<Entry> {
  const { gpu } = lab;
  const file = await readShader(path);
  const messages = await compilerMessages(gpu, file.name, file.source);
  const text = compilerText(file.name, file.source, messages);
  if (messages.some(({ type }) => type === 'error')) {
    throw new GpuError(`${file.name} does not compile.\n${text}`);
  }
  if (messages.length > 0) out.say(text);
  const constantsOf = hostConstants(gpu, operation);
  const like = likeOf(operation, file, constantsOf, wanted);
  const cases = operation.cases.filter((check) => check.variants.includes(like.kernel.variant));
  const [first] = cases.flatMap((check) => geometriesOf(gpu, check, like));
  if (!first) throw notDispatched(operation, like);
  const kernel = userKernel(operation, file);
  const compileMs = await firstPipeline(lab, file, kernel, first.constants);
  const set = [...(constantsOf(like.kernel) ?? [])].sort();
  const own = [...file.declared.constants.keys()].filter((name) => !set.includes(name)).sort();
  return { file, kernel, like, cases, constants: { set, own }, warnings: messages, compileMs };
}

/**
 * Compiles once ahead of all cases: what cannot become a pipeline is one error, not one for every shape.
 * @returns how long it took, milliseconds; less where the driver has kept it from another run
 * @throws GpuError
 */
async function firstPipeline(
  { gpu }: Lab,
  { name }: UserShader,
  kernel: Kernel,
  constants: Scalars,
): Promise<number> {
  const head = `${name} does not work with the constants that the host sets (${constantsText(constants)}).`;
  try {
    const text = kernel.specialise(constants);
    const errors = (await compilerMessages(gpu, name, text)).filter(({ type }) => type === 'error');
    const where = 'In its text with these, marked loops unrolled:';
    if (errors.length > 0) throw new GpuError(`${where}\n${compilerText(name, text, errors)}`);
    const started = performance.now();
    await gpu.compile(kernel, constants);
    return performance.now() - started;
  } catch (error) {
    gpu.assertAlive();
    throw new GpuError(`${head}\n${(error as Error).message}`);
  }
}

async function checkAll(options: TrialOptions, { file, kernel, like, cases }: Entry) {
  const { out, lab, signal } = options;
  const small = cases.filter(({ race }) => !race);
  const bar = out.progress('Checking', small.length, 'shapes');
  const patience = new Patience(out);
  const checks: Verdict[] = [];
  const skipped: string[] = [];
  try {
    for (const [i, check] of small.entries()) {
      signal.throwIfAborted();
      patience.step(`${file.name} on ${check.title}`);
      const [geometry] = geometriesOf(lab.gpu, check, like);
      const runner = { name: file.name, replaces: like.kernel, kernel, geometry };
      if (geometry) checks.push(await lab.check(check, runner));
      else skipped.push(check.title);
      bar.update(i + 1);
    }
  } finally {
    patience.end();
    out.endProgress();
  }
  for (const verdict of checks) if (!verdict.ok) out.say(wrongText(verdict));
  const right = checks.filter(({ ok }) => ok);
  const worst = right.length > 0 ? `; worst error ${worstOf(right).toFixed(3)} of what is allowed` : '';
  out.say(`Check: right on ${right.length} of ${plural(checks.length, 'small shape')}${worst}`);
  if (skipped.length > 0) out.say(`  not for ${like.name}, so not checked: ${skipped.join('; ')}`);
  return { checks, skipped };
}

/** The user's kernel first, then the built-in ones: with the network's tile, or with all. */
function runnersOn(
  { lab, operation, tiles }: TrialOptions,
  { file, kernel, like }: Entry,
  check: CheckCase,
): Runner[] {
  const some = <T>(list: T[]) => (tiles ? list : list.slice(0, 1));
  const own = some(geometriesOf(lab.gpu, check, like)).map((geometry): Runner => {
    const name = tiles ? [file.name, ...geometry.choice.split(' ').slice(1)].join(' ') : file.name;
    return { name, replaces: like.kernel, kernel, geometry };
  });
  const builtIn = operation.kernels.flatMap((replaces) =>
    some(geometriesOf(lab.gpu, check, { kernel: replaces, tile: {} })).map(
      (geometry): Runner => ({ name: geometry.choice, replaces, geometry }),
    ),
  );
  return [...own, ...builtIn];
}

async function raceAll(
  options: TrialOptions,
  entry: Entry,
  peaks: Peaks | null,
): Promise<TrialReport['race']> {
  const { out, lab, operation, signal } = options;
  const shapes = entry.cases.filter(({ race }) => race);
  if (shapes.length === 0) out.say(`There is no race for ${operation.name}.`);
  else {
    out.say(
      'Race: medians of rounds in which all take turns; bytes are those that have to be moved at least once;',
    );
    out.say("  * is the network's choice on this adapter.");
  }
  const patience = new Patience(out);
  const race: TrialReport['race'][number][] = [];
  try {
    for (const check of shapes) {
      const runners = runnersOn(options, entry, check);
      const rows = await raceOn(lab, check, runners, {
        peaks,
        signal,
        onStep: (what) => patience.step(what),
      });
      const comparison = compareBest(rows);
      out.say(`${check.title}: ${rows[0]?.geometry.shape ?? ''}`);
      const mine = rows.find(({ own }) => own);
      if (mine) out.say(`  ${mine.name} gets ${geometryText(mine.geometry)}`);
      else out.say(`  not for ${entry.like.name}, so ${entry.file.name} does not take part`);
      out.say(raceText(rows, networkChoice(lab.gpu, check)));
      if (comparison) out.say(`  ${comparisonText(comparison)}`);
      race.push({ title: check.title, rows, comparison });
    }
  } finally {
    patience.end();
  }
  return race;
}

/**
 * One trial. A kernel that runs and is wrong is a report that is not `ok`; what keeps it from running is thrown.
 * @throws DataError no such file; GpuError it does not compile, or the device is lost; UsageError it fits no variant
 */
export async function runTrial(options: TrialOptions): Promise<TrialReport> {
  const { out, operation, path } = options;
  const entry = await enter(options);
  const { file, like, constants, warnings, compileMs } = entry;
  out.say(`${operation.name}: ${file.name}, dispatched like ${like.name} (${like.because})`);
  const list = (names: readonly string[]) => names.join(', ') || 'none';
  out.say(`  constants set by the host: ${list(constants.set)}; its own: ${list(constants.own)}`);
  out.say(`  first pipeline in ${Math.round(compileMs)} ms`);
  const { checks, skipped } = await checkAll(options, entry);
  const right = checks.every(({ ok }) => ok);
  if (!right && options.race) out.say('No race for a kernel that is wrong.');
  const races = right && options.race;
  const measured = races && options.peaks ? await options.peaks() : null;
  const peaks = measured && { gflops: measured.gflops, gbs: measured.gbs };
  const race = races ? await raceAll(options, entry, peaks) : [];
  const ok = right && race.every(({ rows }) => rows.every(({ own, wrong }) => !own || !wrong));
  const { name, op } = operation;
  return {
    ok,
    operation: name,
    op,
    file: path,
    like: like.name,
    constants,
    warnings,
    compileMs,
    checks,
    skipped,
    race,
    peaks,
  };
}
