/** `chexgpu lab`: a user's kernel in place of a built-in one, checked and raced by src/lab. */

import { peaksLine } from '../../../bench/document/tables.js';
import type { PeakReport } from '../../../bench/peaks/measurePeaks.js';
import { ChexError, UsageError } from '../../core/errors.js';
import { shownPath } from '../../core/outputs/shownPath.node.js';
import { type NodeGpu, openNodeGpu } from '../../engine/device/gpu.node.js';
import { Lab } from '../../lab/checkUserKernel.js';
import { type LabOperation, labOperation, labOperationNames, labTemplate } from '../../lab/operations.js';
import { peaksWithProgress } from '../bench/peaks.js';
import { define } from '../defineCommand.js';
import { FileWatch } from '../lab/fileWatch.js';
import { listText } from '../lab/format.js';
import { readShader, runTrial, type TrialReport } from '../lab/judgeShader.js';
import type { CommandContext } from '../session/commandContext.js';
import { EXIT_CODES } from '../terminal/exitCodes.js';

interface LabFlags {
  watch: boolean;
  like?: string;
  /** A variant, or true where none is named. */
  template?: string | true;
  list: boolean;
  race: boolean;
  tiles: boolean;
  peaks: boolean;
}

/** The adapter, opened anew if it is lost: a driver may give up on a kernel that runs too long. */
class LabAdapter {
  private node: NodeGpu | null = null;
  private labNow: Lab | null = null;
  private peaksNow: Promise<PeakReport> | null = null;

  constructor(private readonly context: CommandContext) {}

  async lab(): Promise<Lab> {
    if (this.labNow && !this.alive()) this.close();
    if (!this.labNow) {
      this.node = await openNodeGpu({ quiet: true });
      this.context.out.say(this.node.headline);
      this.labNow = new Lab(this.node.gpu);
    }
    return this.labNow;
  }

  get description() {
    return (
      this.node && { name: this.node.name, kind: this.node.kind, driver: this.node.gpu.info.description }
    );
  }

  /** Measured once per device. */
  async peaks(): Promise<PeakReport> {
    const { gpu } = await this.lab();
    const measured = this.peaksNow;
    if (measured) return measured;
    this.peaksNow = peaksWithProgress(this.context, gpu);
    try {
      const peaks = await this.peaksNow;
      this.context.out.say(peaksLine(peaks));
      return peaks;
    } catch (error) {
      this.peaksNow = null;
      throw error;
    }
  }

  close(): void {
    this.node?.gpu.dispose();
    this.node = null;
    this.labNow = null;
    this.peaksNow = null;
  }

  private alive(): boolean {
    try {
      this.labNow?.gpu.assertAlive();
      return true;
    } catch {
      return false;
    }
  }
}

async function trial(
  { out }: CommandContext,
  adapter: LabAdapter,
  operation: LabOperation,
  path: string,
  flags: LabFlags,
  signal: AbortSignal,
): Promise<TrialReport> {
  // Before the GPU wakes: most mistakes are in the name of the file.
  await readShader(path);
  const lab = await adapter.lab();
  const { like, race, tiles } = flags;
  const peaks = flags.peaks ? () => adapter.peaks() : null;
  return runTrial({ out, lab, operation, path, like, race, tiles, peaks, signal });
}

/** Resolves when one of the signals is aborted. */
function aborted(...signals: AbortSignal[]): Promise<void> {
  const any = AbortSignal.any(signals);
  if (any.aborted) return Promise.resolve();
  return new Promise((resolve) => any.addEventListener('abort', () => resolve(), { once: true }));
}

/** Tries again on every save, until Ctrl-C. */
async function watchFile(
  context: CommandContext,
  adapter: LabAdapter,
  operation: LabOperation,
  path: string,
  flags: LabFlags,
): Promise<never> {
  const { out, signal } = context;
  const watch = new FileWatch(path);
  try {
    for (;;) {
      const saved = watch.nextSave();
      try {
        await trial(context, adapter, operation, path, flags, AbortSignal.any([signal, saved]));
      } catch (error) {
        out.endProgress();
        signal.throwIfAborted();
        if (saved.aborted) out.say('Saved meanwhile: starting over.');
        else if (error instanceof ChexError) out.note(`chexgpu: ${error.message}`);
        else throw error;
      }
      signal.throwIfAborted();
      if (!saved.aborted) out.note(`Waiting for ${shownPath(path)} to be saved; Ctrl-C ends.`);
      await aborted(saved, signal);
      signal.throwIfAborted();
      out.say(`\n${new Date().toTimeString().slice(0, 8)} ${shownPath(path)}`);
    }
  } finally {
    watch.close();
  }
}

function list({ out }: CommandContext, name: string | undefined): void {
  const operations = (name === undefined ? labOperationNames() : [labOperation(name).name]).map(labOperation);
  out.say(listText(operations));
  out.document({
    command: 'lab',
    operations: operations.map(({ name: operation, op, kernels, cases }) => ({
      operation,
      op,
      variants: kernels.map(({ variant }) => variant),
      shapes: cases.map(({ title, race }) => ({ title, race: race ?? false })),
    })),
  });
}

export const labCommand = define<LabFlags>({
  name: 'lab',
  description:
    'Tries your WGSL kernel in the place of a built-in one: checks it against the CPU reference on odd shapes, races ' +
    "it against every built-in variant on the network's shapes, and shows where it is wrong. Ends with 7 if it is.",
  examples: [
    ['chexgpu lab conv3x3.forward --template tiled > my.wgsl', 'a built-in kernel to start from'],
    ['chexgpu lab conv3x3.forward my.wgsl --watch', 'check and race it on every save'],
    ['chexgpu lab conv3x3.forward my.wgsl --like subgroup', 'with the workgroups of another variant'],
    ['chexgpu lab --list', 'all operations and their variants'],
  ],
  flags: (command) =>
    command
      .argument('[operation]', 'e.g. conv3x3.forward, conv.backwardWeights, batchnorm.statistics')
      .argument('[file]', 'your .wgsl file')
      .option('--watch', 'again on every save, until Ctrl-C', false)
      .option(
        '--like <variant>',
        'whose workgroups and constants it gets (default: its comment "// like: VARIANT", else the nearest)',
      )
      .option('--template [variant]', 'print a built-in kernel to start from (default: naive)')
      .option('--list', 'list the operations and their variants', false)
      .option('--no-race', 'check it only')
      .option('--no-peaks', "do not measure the adapter's peaks before the first race")
      .option(
        '--tiles',
        'race every tile of a variant that comes in several, not only the one the network takes',
        false,
      ),
  action: async (context, flags, args) => {
    const { out, signal } = context;
    const [name, path] = args;
    if (flags.list) {
      list(context, name);
      return 0;
    }
    if (name === undefined) {
      throw new UsageError('No operation is named.', '`chexgpu lab --list` shows them.');
    }
    const operation = labOperation(name);
    if (flags.template !== undefined) {
      const variant = flags.template === true ? 'naive' : flags.template;
      const source = labTemplate(operation, variant);
      if (!out.json) process.stdout.write(source);
      out.document({ command: 'lab', operation: name, variant, source });
      return 0;
    }
    if (path === undefined) {
      throw new UsageError(
        `No file is named to try as ${name}.`,
        `\`chexgpu lab ${name} --template > my.wgsl\` makes one.`,
      );
    }
    if (flags.watch && out.json) {
      throw new UsageError('--json prints one document, --watch never comes to an end.', 'Use one of them.');
    }
    const adapter = new LabAdapter(context);
    try {
      if (flags.watch) return await watchFile(context, adapter, operation, path, flags);
      const report = await trial(context, adapter, operation, path, flags, signal);
      out.document({ command: 'lab', adapter: adapter.description, ...report });
      return report.ok ? 0 : EXIT_CODES.gpu;
    } finally {
      adapter.close();
    }
  },
});
