/** One layer's settings in Keras' JSON, held against the layer of the network that it stands for. */
import type { WeightsError } from '../../../core/errors.js';
import type { Layer } from '../../architecture.js';
import type { SavedLayer } from './kerasLayers.js';

/** Where the channels are: behind height and width, or before them, which gives the same numbers. */
export interface Axis {
  first: boolean;
}

/** The one order of axes that all layers have. */
export function axisOf(layers: readonly SavedLayer[], refuse: (what: string) => WeightsError): Axis {
  let known: { name: string; order: string } | undefined;
  for (const { name, settings } of layers) {
    const order = settings.data_format ?? settings.dim_ordering;
    if (order === undefined || order === null || order === 'default') continue;
    known ??= { name, order: String(order) };
    if (order !== known.order) {
      throw refuse(`layer ${name} has channels in the order ${order}, layer ${known.name} ${known.order}`);
    }
  }
  return { first: known?.order === 'channels_first' || known?.order === 'th' };
}

/** The name of what a layer applies: 'linear' where there is nothing; with what is unusual about it. */
export function activationOf({ className, settings }: SavedLayer): string {
  if (className === 'ReLU') return reluOf(settings);
  if (className === 'Softmax') return isLast(settings.axis ?? -1, 2) ? 'softmax' : 'softmax of another axis';
  return nameOf(settings.activation);
}

function nameOf(activation: unknown): string {
  if (activation === null || activation === undefined) return 'linear';
  if (typeof activation === 'string') return activation;
  const { class_name, config } = activation as { class_name?: unknown; config?: unknown };
  // A function is written with its name as the configuration, a layer with its settings.
  if (typeof config === 'string') return config;
  if (class_name === 'ReLU') return reluOf((config ?? {}) as Record<string, unknown>);
  return String(class_name);
}

/** relu, or relu with the setting that makes it another function. */
function reluOf(settings: Readonly<Record<string, unknown>>): string {
  const { max_value, negative_slope, alpha, threshold } = settings;
  if (max_value !== undefined && max_value !== null) return `relu with max_value ${max_value}`;
  if (negative_slope || alpha) return `relu with negative_slope ${negative_slope || alpha}`;
  return threshold ? `relu with threshold ${threshold}` : 'relu';
}

/** An axis, also of a shape as Keras writes it for a built layer: [3]. */
function isLast(axis: unknown, rank: number): boolean {
  const one = Array.isArray(axis) && axis.length === 1 ? axis[0] : axis;
  return one === -1 || one === rank - 1;
}

const isChannels = (axis: unknown, { first }: Axis): boolean =>
  first ? axis === 1 || axis === -3 || (Array.isArray(axis) && axis[0] === 1) : isLast(axis, 4);

/** [height, width] of a setting: one number for both, or a pair. */
function pair(value: unknown): string {
  return JSON.stringify(typeof value === 'number' ? [value, value] : value);
}

const square = (n: number): string => `[${n},${n}]`;

/** What is not as in the network, in words that follow the layer's name; undefined where all is. */
export function objection(saved: SavedLayer, layer: Layer, axis: Axis): string | undefined {
  const { settings } = saved;
  const differs = (setting: string, found: unknown, wanted: string): string | undefined => {
    const text = typeof found === 'string' ? found : JSON.stringify(found);
    return found === undefined || text === wanted ? undefined : `has ${setting} ${text}, not ${wanted}`;
  };
  const size = (setting: string, found: unknown, wanted: number): string | undefined =>
    found === undefined || pair(found) === square(wanted)
      ? undefined
      : `has ${setting} ${pair(found)}, not ${square(wanted)}`;
  switch (layer.kind) {
    case 'zeropad': {
      const [n, side] = [layer.pad, square(layer.pad)];
      const text = JSON.stringify(settings.padding);
      return text === `[${side},${side}]` || pair(settings.padding) === side
        ? undefined
        : `has padding ${text}, not ${n} on every side`;
    }
    case 'conv': {
      const { kernel_size, nb_row, nb_col, strides, subsample, padding, border_mode, dilation_rate } =
        settings;
      const found = kernel_size ?? (nb_row === undefined ? undefined : [nb_row, nb_col]);
      const borders = padding ?? border_mode;
      // A 1x1 window never reaches beyond the border.
      const isFree = layer.kernel === 1 && layer.stride === 1 && borders === 'same';
      return (
        size('kernel_size', found, layer.kernel) ??
        size('strides', strides ?? subsample, layer.stride) ??
        (isFree ? undefined : differs('padding', borders, layer.pad > 0 ? 'same' : 'valid')) ??
        size('dilation_rate', dilation_rate, 1) ??
        differs('groups', settings.groups, '1') ??
        differs('use_bias', settings.use_bias ?? settings.bias, 'false') ??
        differs('activation', nameOf(settings.activation), 'linear')
      );
    }
    case 'batchnorm':
      return (
        (isChannels(settings.axis ?? -1, axis)
          ? undefined
          : `has axis ${JSON.stringify(settings.axis)}, not that of the channels`) ??
        differs('mode', settings.mode, '0') ??
        differs('center', settings.center, 'true') ??
        differs('scale', settings.scale, 'true') ??
        differs('renorm', settings.renorm, 'false')
      );
    case 'maxpool':
    case 'avgpool': {
      const { pool_size, strides } = settings;
      const borders = settings.padding ?? settings.border_mode;
      // Windows that lie side by side in an even picture never reach beyond the border.
      const isFree = layer.kind === 'avgpool' && borders === 'same';
      return (
        size('pool_size', pool_size, layer.kernel) ??
        size('strides', strides ?? pool_size, layer.stride) ??
        (isFree ? undefined : differs('padding', borders, 'valid'))
      );
    }
    case 'concat':
      return (
        differs('mode', settings.mode, 'concat') ??
        (isChannels(settings.axis ?? settings.concat_axis ?? -1, axis)
          ? undefined
          : `has axis ${JSON.stringify(settings.axis ?? settings.concat_axis)}, not that of the channels`)
      );
    case 'dense':
      return differs('use_bias', settings.use_bias ?? settings.bias, 'true');
    default:
      return undefined;
  }
}
