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

const NAMES = Object.keys(UPDATE_SETTINGS) as (keyof UpdateSettings)[];

/** What of these is given, checked. @throws UsageError naming the field; for both ways to clip, as in Keras */
export function checkUpdates(options: Partial<UpdateSettings>): Partial<UpdateSettings> {
  const given = NAMES.filter((name) => options[name] !== undefined);
  const checked: Partial<UpdateSettings> = Object.fromEntries(
    given.map((name) => [name, UPDATE_SETTINGS[name].check(name, options[name])]),
  );
  refuseBoth(checked);
  return checked;
}

/**
 * All of them: what is given, else those before, else the defaults.
 * @throws UsageError for both ways to clip, and for weights that are to become an average that there is not
 */
export function completeUpdates(
  given: Partial<UpdateSettings>,
  before: Partial<UpdateSettings> = {},
): UpdateSettings {
  const defaults = Object.fromEntries(NAMES.map((name) => [name, UPDATE_SETTINGS[name].default]));
  const settings = { ...(defaults as unknown as UpdateSettings), ...before, ...given };
  refuseBoth(settings);
  if (settings.ema === 0 && settings.emaOverwrite < Number.POSITIVE_INFINITY) {
    throw new UsageError(
      `emaOverwrite is ${settings.emaOverwrite}, and there is no average of the weights.`,
      'Give ema too, or leave emaOverwrite at Infinity.',
    );
  }
  return settings;
}

function refuseBoth({ clipNorm = Number.POSITIVE_INFINITY, clipValue = Number.POSITIVE_INFINITY }): void {
  if (clipNorm === Number.POSITIVE_INFINITY || clipValue === Number.POSITIVE_INFINITY) return;
  throw new UsageError('Gradients are clipped by their norm or by value, not both.', 'Give one of them.');
}

/** For people, one phrase each for what is on: `gradients clipped to norm 1`. */
export function describeUpdates(updates: UpdateSettings): string[] {
  const { clipNorm, clipValue, accumulate, ema, emaOverwrite } = updates;
  return [
    clipNorm < Number.POSITIVE_INFINITY ? `gradients clipped to norm ${clipNorm}` : '',
    clipValue < Number.POSITIVE_INFINITY ? `gradients clipped at ${clipValue} either way` : '',
    accumulate > 1 ? `${accumulate} batches per update` : '',
    ema > 0 ? `the network an average of the weights with momentum ${ema}` : '',
    emaOverwrite < Number.POSITIVE_INFINITY ? `going on from it every ${plural(emaOverwrite, 'update')}` : '',
  ].filter((phrase) => phrase !== '');
}
