/**
 * How gradients become updates, whatever the optimizer is: cut to size, averaged over several batches; and the moving
 * average of the weights that comes out. Each is off by default, and then costs nothing.
 */
import { fraction, positiveNumber, wholeNumber } from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import { plural } from '../../core/formatting.js';
import type { Setting } from '../setting.js';

export interface UpdateSettings {
  /**
   * Largest norm of all gradients together: above it all are multiplied by clipNorm / norm (Keras' global_clipnorm;
   * PyTorch's clip_grad_norm_ divides by norm + 1e-6). Infinity, the default, cuts nothing.
   */
  clipNorm: number;
  /**
   * Largest norm of the gradients of each tensor: kernel, bias, gamma and beta, each scaled down by itself (Keras'
   * clipnorm; PyTorch's clip_grad_norm_ of one parameter). Infinity, the default, cuts nothing.
   */
  clipVariableNorm: number;
  /** Largest magnitude of a gradient (Keras' clipvalue, PyTorch's clip_grad_value_). Infinity, the default: any. */
  clipValue: number;
  /**
   * Batches per update: the gradients of so many are averaged, each batch by its images, and make one update (Keras'
   * gradient_accumulation_steps, which counts every batch alike). Batch norms see one batch at a time, and their moving
   * averages move with each. Default 1.
   */
  accumulate: number;
  /**
   * The network is a moving average of the weights, average = ema * average + (1 - ema) * weights after each update,
   * from the weights of the first update on (Keras' use_ema and ema_momentum; PyTorch's AveragedModel with its
   * get_ema_multi_avg_fn). Default 0: the network is the weights.
   */
  ema: number;
  /**
   * After every so many updates the weights that the optimizer moves become the average, and go on from there (Keras
   * 3's ema_overwrite_frequency, which counts batches; so does its average). Infinity, the default: never. At the end
   * of a training nothing is left to overwrite (Keras' finalize_variable_values): the network is the average all along.
   */
  emaOverwrite: number;
}

const sizeOrAny = (field: string, value: unknown) =>
  value === Number.POSITIVE_INFINITY ? value : positiveNumber(field, value);

/** Each with what it is by default: off. */
export const UPDATE_SETTINGS: { readonly [K in keyof UpdateSettings]: Setting<number> } = {
  clipNorm: {
    default: Number.POSITIVE_INFINITY,
    check: sizeOrAny,
    help: 'scale the gradients of an update down to this norm of all together',
  },
  clipVariableNorm: {
    default: Number.POSITIVE_INFINITY,
    check: sizeOrAny,
    help: 'scale the gradients of each tensor by itself down to this norm',
  },
  clipValue: {
    default: Number.POSITIVE_INFINITY,
    check: sizeOrAny,
    help: 'cut every gradient to this magnitude',
  },
  accumulate: {
    default: 1,
    check: (field, value) => wholeNumber(field, value, 1),
    help: 'batches whose gradients are averaged before an update; an epoch ends with an update of those there are',
  },
  ema: {
    default: 0,
    check: fraction,
    help: 'validate and save a moving average of the weights, of which an update keeps this share, as 0.999',
  },
  emaOverwrite: {
    default: Number.POSITIVE_INFINITY,
    check: (field, value) => (value === Number.POSITIVE_INFINITY ? value : wholeNumber(field, value, 1)),
    help: 'go on from the average after every so many updates',
  },
};

/** The ways to clip. */
const CLIPS = ['clipNorm', 'clipVariableNorm', 'clipValue'] as const;

const NAMES = Object.keys(UPDATE_SETTINGS) as (keyof UpdateSettings)[];

/**
 * What of these is given, checked.
 * @throws UsageError naming the field; for two ways to clip, as Keras 3 refuses them
 */
export function checkUpdates(options: Partial<UpdateSettings>): Partial<UpdateSettings> {
  const given = NAMES.filter((name) => options[name] !== undefined);
  const checked: Partial<UpdateSettings> = Object.fromEntries(
    given.map((name) => [name, UPDATE_SETTINGS[name].check(name, options[name])]),
  );
  refuseTwo(checked);
  return checked;
}

/**
 * All of them: what is given, else those before, else the defaults.
 * @throws UsageError for two ways to clip, and for weights that are to become an average that there is not
 */
export function completeUpdates(
  given: Partial<UpdateSettings>,
  before: Partial<UpdateSettings> = {},
): UpdateSettings {
  const defaults = Object.fromEntries(NAMES.map((name) => [name, UPDATE_SETTINGS[name].default]));
  const settings = { ...(defaults as unknown as UpdateSettings), ...before, ...given };
  refuseTwo(settings);
  if (settings.ema === 0 && settings.emaOverwrite < Number.POSITIVE_INFINITY) {
    throw new UsageError(
      `emaOverwrite is ${settings.emaOverwrite}, and there is no average of the weights.`,
      'Give ema too, or no emaOverwrite.',
    );
  }
  return settings;
}

function refuseTwo(settings: Partial<UpdateSettings>): void {
  const ways = CLIPS.filter(
    (name) => (settings[name] ?? Number.POSITIVE_INFINITY) < Number.POSITIVE_INFINITY,
  );
  if (ways.length < 2) return;
  throw new UsageError(
    `Gradients are clipped in one way, not by ${ways.join(' and ')}.`,
    'Give one of them.',
  );
}

/** For people, one phrase each for what is on: `gradients clipped to norm 1`. */
export function describeUpdates(updates: UpdateSettings): string[] {
  const { clipNorm, clipVariableNorm, clipValue, accumulate, ema, emaOverwrite } = updates;
  return [
    clipNorm < Number.POSITIVE_INFINITY ? `gradients clipped to norm ${clipNorm}` : '',
    clipVariableNorm < Number.POSITIVE_INFINITY
      ? `the gradients of each tensor clipped to norm ${clipVariableNorm}`
      : '',
    clipValue < Number.POSITIVE_INFINITY ? `gradients clipped at ${clipValue} either way` : '',
    accumulate > 1 ? `${accumulate} batches per update` : '',
    ema > 0 ? `the network an average of the weights with momentum ${ema}` : '',
    emaOverwrite < Number.POSITIVE_INFINITY ? `going on from it every ${plural(emaOverwrite, 'update')}` : '',
  ].filter((phrase) => phrase !== '');
}
