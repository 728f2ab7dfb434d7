/** What a callback is that `train` and `run` have a flag for: its settings, how it is made, and what is said of it. */
import type { Callback } from '../../../training/callbacks/callback.js';
import type { CheckpointContents } from '../../../training/callbacks/modelCheckpoint.js';

/** Where callbacks put what they keep while a training runs. */
export interface CallbackFiles {
  keepWeights(name: string, contents: CheckpointContents): Promise<void>;
  keepText(name: string, text: string): Promise<void>;
}

/** A number that a flag takes. */
export interface NumberSetting {
  /** @returns the value @throws UsageError naming `field`, what it is and what it may be */
  check(field: string, value: unknown): number;
  /** One line of help, with the default. */
  readonly help: string;
}

/** What a callback is made with; settings that nobody gave are not there. */
export interface CallbackSettings {
  readonly settings: Readonly<Record<string, number | undefined>>;
  /** A name in Python's format, where the kind keeps weights. */
  readonly file?: string;
}

export interface CallbackChoice extends CallbackSettings {
  readonly kind: CallbackKind;
}

/** What all callbacks of a training share. */
export interface SharedChoices {
  /** The log that those which watch one go by. */
  readonly monitor: string;
  /** Whether weights are kept with the optimizer's state. */
  readonly saveOptimizer: boolean;
}

export interface MadeWith extends SharedChoices {
  readonly files: CallbackFiles;
  /** Gets a line where the callback does something. */
  say(line: string): void;
}

export interface CallbackKind {
  /** Its flag in camelCase; those of its settings begin with it. */
  readonly name: string;
  /** What does it, at the beginning of a sentence. */
  readonly title: string;
  /** One line of help. */
  readonly help: string;
  /** The setting that the flag itself takes; without, and without `file`, it is a switch. */
  readonly own?: string;
  readonly settings: Readonly<Record<string, NumberSetting>>;
  /** Whether it goes by the log of --monitor. */
  readonly watches?: boolean;
  /** Whether it sets the learning rate, which a schedule would set anew at the next step. */
  readonly setsRate?: boolean;
  /** The name of weights that it keeps, where nobody gives one. */
  readonly file?: string;
  /** Keeps files of an epoch: called when that is in the history. */
  readonly keeps?: boolean;
  /** For console, history and report. */
  describe(choice: CallbackSettings, shared: SharedChoices): string;
  make(choice: CallbackSettings, made: MadeWith): Callback;
}

/** "by more than 0.01": what is said of settings that are there. */
export const where = (value: number | undefined, words: (value: number) => string): string =>
  value === undefined ? '' : words(value);

/** A check with a range. */
export const atLeast =
  (least: number, check: (field: string, value: unknown, least: number, most: number) => number) =>
  (field: string, value: unknown) =>
    check(field, value, least, 1_000_000);
