/** What there is to choose from, as plain data, and what was chosen, as the library takes it. */
import {
  DENSENET_NAMES,
  densenetConfig,
  type GpuInfo,
  LOSSES,
  type LossChoice,
  OPTIMIZERS,
  SCHEDULES,
  type ScheduleChoice,
  UsageError,
} from 'chexgpu';
import {
  BOX_SIZE,
  type Choices,
  type Chosen,
  type KindWords,
  type SettingWords,
  type Wishes,
} from '../types.js';
import {
  CALLBACK_KINDS,
  type CallbackChoice,
  checkSettings,
  complete,
  DEFAULT_MONITOR,
  PHANTOM_PRESET,
  type TrainingPlan,
  TUNING_PRESET,
  TUNING_SHARE,
} from './inside.js';

/** Steps between two checkpoints: of DenseNet121 one has 84 MB. */
const CHECKPOINT_EVERY = 25;
const USUAL_SEED = 1;
const MONITORS = ['val_loss', 'val_auc', 'loss'];

interface AnySetting {
  readonly default?: unknown;
  readonly help?: string;
  check(field: string, value: unknown): unknown;
}
type SettingTable = Readonly<Record<string, AnySetting>>;

/** gammaPos -> gamma pos */
const spaced = (name: string) =>
  name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replaceAll('-', ' ');

/** Flags of callbacks say their defaults in their help. */
function defaultIn(help = ''): number | undefined {
  const said = /\(default: (\d[\d.e-]*)\)/.exec(help);
  return said ? Number(said[1]) : undefined;
}

function settingWords(table: SettingTable): SettingWords[] {
  return Object.entries(table).map(([name, { help, default: usual }]) => ({
    name,
    help: help || spaced(name),
    default: typeof usual === 'number' || typeof usual === 'boolean' ? usual : defaultIn(help),
  }));
}

const settingsOf = (kind: { readonly settings: object }): SettingTable =>
  ({ ...kind.settings }) as SettingTable;

const kindWords = (kind: { name: string; title?: string; help?: string; settings: object }): KindWords => ({
  name: kind.name,
  title: kind.title ?? spaced(kind.name),
  help: kind.help ?? '',
  settings: settingWords(settingsOf(kind)),
});

export const CHOICES: Choices = {
  networks: DENSENET_NAMES,
  optimizers: OPTIMIZERS.map(kindWords),
  losses: LOSSES.map(kindWords),
  schedules: SCHEDULES.map(kindWords),
  callbacks: CALLBACK_KINDS.map((kind) => ({
    ...kindWords(kind),
    // The help of the flag speaks of other flags, of what holds without it and of names that it takes.
    help: kind.help.replace(/ ?\(default: never\)|; names hold.*/, '').replaceAll('--monitor', 'watched log'),
    watches: kind.watches,
    own: kind.own,
  })),
  monitors: MONITORS,
};

/** What a training is set to where nobody says anything, by adapter. */
export function usualWishes(kind: GpuInfo['kind']): Record<'box' | 'scratch', Wishes> {
  const speed = kind === 'software' ? 'software' : 'hardware';
  const [optimizer] = OPTIMIZERS;
  const shared = {
    network: DENSENET_NAMES[0],
    seed: USUAL_SEED,
    loss: { name: LOSSES[0].name, settings: {} },
    schedule: null,
    callbacks: [],
    monitor: DEFAULT_MONITOR,
    checkpointEvery: CHECKPOINT_EVERY,
  };
  const ofPreset = ({ batchSize, epochs, stepsPerEpoch, bnMomentum }: typeof TUNING_PRESET.hardware) => ({
    batchSize,
    epochs,
    stepsPerEpoch,
    bnMomentum,
  });
  const rate = optimizer.settings.learningRate.default;
  const { size } = PHANTOM_PRESET[speed];
  return {
    box: {
      ...shared,
      ...ofPreset(TUNING_PRESET[speed]),
      start: 'box',
      size: speed === 'software' ? size : BOX_SIZE,
      optimizer: { name: optimizer.name, settings: { learningRate: rate * TUNING_SHARE } },
    },
    scratch: {
      ...shared,
      ...ofPreset(PHANTOM_PRESET[speed]),
      start: 'scratch',
      size,
      optimizer: { name: optimizer.name, settings: {} },
    },
  };
}

function find<T extends { readonly name: string }>(what: string, kinds: readonly T[], name: string): T {
  const kind = kinds.find((one) => one.name === name);
  if (kind) return kind;
  throw new UsageError(`There is no ${what} ${name}.`, `Choose ${kinds.map((one) => one.name).join(', ')}.`);
}

/** The settings of what was chosen, each checked by its kind. */
function checked(what: string, kind: { settings: object }, { settings }: Chosen): Record<string, number> {
  const table = settingsOf(kind);
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => {
      if (!Object.hasOwn(table, name)) throw new UsageError(`The ${what} has no setting ${name}.`);
      return [name, table[name].check(`${what}: ${spaced(name)}`, value) as number];
    }),
  );
}

/** What a training needs, checked. */
export interface Asked extends Omit<TrainingPlan, 'updates' | 'layers' | 'keepBest'> {
  readonly wishes: Wishes;
  readonly loss: LossChoice;
}

function scheduleOf(chosen: Chosen | null): ScheduleChoice | undefined {
  if (!chosen) return undefined;
  const kind = find('schedule', SCHEDULES, chosen.name);
  return { kind, settings: checked(`schedule ${kind.name}`, kind, chosen) };
}

function callbackOf(chosen: Chosen): CallbackChoice {
  const kind = find('callback', CALLBACK_KINDS, chosen.name);
  if (kind.own && chosen.settings[kind.own] === undefined) {
    throw new UsageError(`${kind.title} has no ${kind.own}.`, 'Give a number of epochs.');
  }
  return { kind, settings: checked(kind.title, kind, chosen) };
}

/**
 * @param images to train on
 * @throws UsageError naming what cannot be, and what may be
 */
export function asked(wishes: Wishes, images: number): Asked {
  const { optimizer, schedule, callbacks, monitor, loss } = wishes;
  const kind = find('optimizer', OPTIMIZERS, optimizer.name);
  const lossKind = find('loss', LOSSES, loss.name);
  for (const field of ['size', 'batchSize', 'epochs', 'checkpointEvery'] as const) {
    whole(spaced(field), wishes[field], 1);
  }
  whole('steps per epoch', wishes.stepsPerEpoch, 0);
  whole('seed', wishes.seed, 0);
  // As the configuration checks it.
  densenetConfig('densenet121', { bnMomentum: wishes.bnMomentum });
  const rates = scheduleOf(schedule);
  const order = (name: string) => CALLBACK_KINDS.findIndex((one) => one.name === name);
  const chosen = callbacks.map(callbackOf).sort((a, b) => order(a.kind.name) - order(b.kind.name));
  const other = chosen.find((one) => one.kind.setsRate);
  if (rates && other) {
    throw new UsageError(
      `The schedule ${rates.kind.name} sets the learning rate of every step, and so does a callback: ` +
        `${other.kind.title.toLowerCase()}.`,
      'Leave one of them out.',
    );
  }
  return {
    wishes,
    size: wishes.size,
    batchSize: wishes.batchSize,
    epochs: wishes.epochs,
    stepsPerEpoch: wishes.stepsPerEpoch || Math.ceil(images / wishes.batchSize),
    callbacks: { chosen, monitor },
    loss: { kind: lossKind, settings: checked(`loss ${lossKind.name}`, lossKind, loss) },
    optimizer: complete(kind, checkSettings(kind, optimizer.settings, `${kind.title}: `)),
    schedule: rates,
  };
}

function whole(what: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new UsageError(`${what} is ${value}.`, `Give a whole number, ${least} or more.`);
}
