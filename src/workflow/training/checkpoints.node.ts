/** The checkpoints of a run: what they keep beside the training itself, and what has to be said when one goes on. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { DataError, NonFiniteError } from '../../core/errors.js';
import { shownPath } from '../../core/outputs/shownPath.node.js';
import type { StateValue } from '../../core/stateValue.js';
import type { DenseNetConfig } from '../../densenet/architecture.js';
import { saveCheckpoint } from '../../densenet/checkpoint/checkpointFile.node.js';
import type { Plan } from '../../engine/plan/plan.js';
import type { Normalisation } from '../../training/batch.js';
import type { Checkpoint, TrainingState } from '../../training/checkpoint.js';
import type { Dataset, Preparation } from '../data/dataset.node.js';
import type { WorkContext } from '../reporter.js';
import type { SavedWeights } from '../weights/checkpoint.node.js';
import { type FileFacts, fileFacts, type TableFacts, tableFacts } from './dataFacts.node.js';
import type { TrainingPlan } from './presets.js';
import type { TrainingFiles } from './trainNetwork.js';

export const CHECKPOINT_FILE = 'checkpoint.h5';

/** What else decides the bits of a training, and how its command is found again. */
export interface RunFacts {
  /** Words of the command line, without `chexgpu`, and the folder in which it was given. */
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly version: string;
  readonly adapter: string;
}

/** What a checkpoint of a run says about itself. */
export interface RunAbout extends RunFacts {
  readonly kind: 'chexgpu train';
  readonly data: TableFacts & FileFacts;
  /** Hashes of the kernels that each plan of steps and validation runs, with their constants, by its label. */
  readonly kernels: Readonly<Record<string, string>>;
  readonly saved: readonly SavedWeights[];
  /** Where the command leaves them to the adapter, these were its numbers. */
  readonly plan: PlanNumbers;
}

type PlanNumbers = Pick<TrainingPlan, 'size' | 'batchSize' | 'epochs' | 'stepsPerEpoch'>;

/** That a run keeps checkpoints, and which one it goes on from. */
export interface CheckpointJob {
  everySteps?: number;
  facts: RunFacts;
  resumed?: { checkpoint: Checkpoint; about: RunAbout };
}

/** The folder of the run. */
interface Folder {
  readonly target: string;
  readonly staged: string;
  publish(): Promise<void>;
}

/** What the weights in the file are, and how images are prepared for them. */
interface Prepared {
  config: DenseNetConfig;
  preparation: Preparation;
  plan: PlanNumbers;
  normalisation: Normalisation;
  labels: readonly string[];
}

const NO_PROMISE = 'What is trained from here on is not promised to the last bit.';

function kernelsOf({ dispatches }: Plan): string {
  const list = dispatches.map(({ kernel, label, constants, params }) => [
    kernel.name,
    label,
    constants,
    params,
  ]);
  return createHash('sha256').update(JSON.stringify(list)).digest('hex');
}

/** Keeps the checkpoints of one run. */
export class Checkpoints {
  private kernels: RunAbout['kernels'] = {};
  /** The one that is in the folder. */
  private last: TrainingState | null = null;
  private lookedAt: Promise<FileFacts> | undefined;

  private constructor(
    private readonly context: WorkContext,
    private readonly job: CheckpointJob,
    private readonly folder: Folder,
    private readonly tables: TableFacts,
    private readonly dataset: Dataset,
  ) {}

  /**
   * Looks at the data.
   * @throws DataError where a training is to go on, and the order of its images means nothing with these
   */
  static async of(
    context: WorkContext,
    job: CheckpointJob,
    folder: Folder,
    dataset: Dataset,
  ): Promise<Checkpoints> {
    const checkpoints = new Checkpoints(context, job, folder, tableFacts(dataset), dataset);
    const { resumed } = job;
    if (resumed) {
      checkpoints.compare(resumed.about, dataset, await checkpoints.files());
      checkpoints.last = resumed.checkpoint.training;
    }
    return checkpoints;
  }

  /** Looks at the images' files, once. */
  private files(): Promise<FileFacts> {
    this.lookedAt ??= fileFacts(this.dataset);
    return this.lookedAt;
  }

  /** What callbacks kept before. */
  get saved(): readonly SavedWeights[] {
    return this.job.resumed?.about.saved ?? [];
  }

  /** What the training does with them. @param saved what callbacks have kept so far */
  keeping(prepared: Prepared, saved: () => readonly SavedWeights[]): TrainingFiles['checkpoints'] {
    return {
      everySteps: this.job.everySteps,
      resume: this.job.resumed?.checkpoint,
      planned: (plans) => this.planned(plans),
      firstStep: () => void this.files(),
      save: (checkpoint) => this.save(checkpoint, prepared, saved()),
    };
  }

  /** Other kernels give other bits. With more epochs there may be plans that were not needed before. */
  private planned(plans: readonly Plan[]): void {
    const now = Object.fromEntries(plans.map((plan) => [plan.label, kernelsOf(plan)]));
    const before = this.job.resumed?.about.kernels ?? {};
    this.kernels = { ...before, ...now };
    const isOther = ([label, kernels]: [string, string]) =>
      before[label] !== undefined && before[label] !== kernels;
    if (!Object.entries(now).some(isOther)) return;
    this.context.out.warn(`Other kernels are the fastest here now, or were chosen. ${NO_PROMISE}`);
  }

  /** Puts one into the folder. Where the disk refuses, it is said, the one before stays, and the training goes on. */
  private async save(
    checkpoint: Checkpoint,
    prepared: Prepared,
    saved: readonly SavedWeights[],
  ): Promise<void> {
    const { out } = this.context;
    const { config, preparation, normalisation, labels } = prepared;
    const { size, batchSize, epochs, stepsPerEpoch } = prepared.plan;
    const { interpolation, scaling } = preparation;
    const { facts } = this.job;
    const about: RunAbout = {
      kind: 'chexgpu train',
      ...facts,
      data: { ...this.tables, ...(await this.files()) },
      kernels: this.kernels,
      saved,
      plan: { size, batchSize, epochs, stepsPerEpoch },
    };
    const stored = { checkpoint, config, about: about as unknown as StateValue };
    const meaning = { labels, preprocessing: { size, interpolation, scaling, normalisation } };
    try {
      await saveCheckpoint(join(this.folder.staged, CHECKPOINT_FILE), stored, meaning);
      await this.folder.publish();
      this.last = checkpoint.training;
    } catch (error) {
      out.endProgress();
      out.warn(`${(error as Error).message} The checkpoint before this one, if there is one, stays.`);
    }
  }

  /** How to go on, where a training ended before its time. */
  sayHowToGoOn(error: unknown): void {
    const { out, signal } = this.context;
    const { last } = this;
    // The same numbers would come to the same end.
    if (!last || error instanceof NonFiniteError) return;
    const { epoch, step, stepsPerEpoch } = last;
    out.endProgress();
    const stands = `epoch ${epoch + 1}, step ${step} of ${stepsPerEpoch}`;
    out.say(signal.aborted ? `Stopped at ${stands}` : `The last checkpoint stands at ${stands}`);
    out.say(`Go on with: chexgpu train --resume ${shownPath(this.folder.target)}`);
  }

  private compare(before: RunAbout, dataset: Dataset, files: FileFacts): void {
    const { facts } = this.job;
    const changed: string[] = [];
    if (before.data.rows !== this.tables.rows) {
      throw new DataError(
        `${dataset.train.file} lists other images, or in another order, than when the training was stopped: ` +
          'its place in their order means nothing now.',
        `Begin anew from its weights: \`weights: ${shownPath(join(this.folder.target, CHECKPOINT_FILE))}\`.`,
      );
    }
    if (before.data.tables !== this.tables.tables)
      changed.push('Labels, or images of validation and test, changed.');
    if (before.data.images !== files.images) changed.push('Image files changed: they have other sizes.');
    else if (before.data.dates !== files.dates) {
      changed.push('Image files have other dates; their contents were not compared.');
    }
    if (before.version !== facts.version) {
      changed.push(`It was begun by version ${before.version}; this is ${facts.version}.`);
    }
    if (before.adapter !== facts.adapter) {
      changed.push(`It was begun on ${before.adapter}; this is ${facts.adapter}.`);
    }
    if (changed.length > 0) this.context.out.warn(`${changed.join(' ')} ${NO_PROMISE}`);
  }
}
