/**
 * Values of an event, each as the TensorBoard plugin that shows it wants it: tensors with the plugin's name beside
 * them, as tf.summary of TensorFlow 2 writes them. tensorflow/core/framework/summary.proto, tensor.proto;
 * tensorboard/plugins/hparams/plugin_data.proto.
 */
import { histogramBuckets } from './histogram.js';
import { bytesField, doubleField, messageField, textField, wholeField } from './protobuf.js';

/** Bytes of one `Summary.Value`, as a field of its summary. */
export type SummaryValue = Uint8Array;

const FLOAT = 1;
const DOUBLE = 2;
const STRING = 7;

const encoder = new TextEncoder();

/** Field 8: a tensor. @param data its numbers, or a field per string */
function tensor(type: number, shape: readonly number[], ...data: Uint8Array[]): Uint8Array {
  const sizes = shape.map((size) => messageField(2, ...(size === 0 ? [] : [wholeField(1, size)])));
  return messageField(8, wholeField(1, type), messageField(2, ...sizes), ...data);
}

/** Field 4 of a tensor: its numbers, little-endian, C order. */
function numbers(values: readonly number[] | Float64Array, bytes: 4 | 8): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * bytes));
  for (const [i, value] of values.entries()) {
    if (bytes === 4) view.setFloat32(4 * i, value, true);
    else view.setFloat64(8 * i, value, true);
  }
  return bytesField(4, new Uint8Array(view.buffer));
}

/** Field 9: which plugin it is for. */
function metadata(plugin: string, ...content: Uint8Array[]): Uint8Array {
  return messageField(9, messageField(1, textField(1, plugin), ...content));
}

function value(tag: string, data: Uint8Array, meta: Uint8Array): SummaryValue {
  return messageField(1, textField(1, tag), data, meta);
}

/** A number, kept as float32. */
export function scalarValue(tag: string, x: number): SummaryValue {
  return value(tag, tensor(FLOAT, [], numbers([x], 4)), metadata('scalars'));
}

/** How the values are distributed: `histogramBuckets`. */
export function histogramValue(tag: string, values: Float32Array): SummaryValue {
  const buckets = histogramBuckets(values);
  return value(tag, tensor(DOUBLE, [buckets.length / 3, 3], numbers(buckets, 8)), metadata('histograms'));
}

/** A picture in pixels, `png` its file. */
export interface Picture {
  width: number;
  height: number;
  png: Uint8Array;
}

export function imageValue(tag: string, { width, height, png }: Picture): SummaryValue {
  const strings = [encoder.encode(String(width)), encoder.encode(String(height)), png];
  const data = strings.map((bytes) => bytesField(8, bytes));
  return value(tag, tensor(STRING, [strings.length], ...data), metadata('images'));
}

/** Text, as Markdown. */
export function textValue(tag: string, markdown: string): SummaryValue {
  return value(tag, tensor(STRING, [], textField(8, markdown)), metadata('text'));
}

export type Hyperparameters = Readonly<Record<string, number | string | boolean>>;

/** `google.protobuf.Value` */
function hyperparameter(x: number | string | boolean): Uint8Array {
  if (typeof x === 'number') return doubleField(2, x);
  return typeof x === 'string' ? textField(3, x) : wholeField(4, Number(x));
}

/** A tensor of nothing, of the smallest size: all that the plugin reads is beside it. */
const NOTHING = tensor(FLOAT, [0]);

const session = (tag: string, field: number, ...info: Uint8Array[]): SummaryValue =>
  value(`_hparams_/${tag}`, NOTHING, metadata('hparams', bytesField(2, messageField(field, ...info))));

/**
 * The training begins, with these hyperparameters.
 * @param time seconds since 1970
 * @param group trainings of one group are shown as one, by their mean. Default: each by itself
 */
export function sessionStart(hyperparameters: Hyperparameters, time: number, group = ''): SummaryValue {
  const entries = Object.entries(hyperparameters).map(([name, x]) =>
    messageField(1, textField(1, name), messageField(2, hyperparameter(x))),
  );
  const name = group === '' ? [] : [textField(4, group)];
  return session('session_start_info', 3, ...entries, ...name, doubleField(5, time));
}

const STATUS = { success: 1, failure: 2 };

/** The training is over. @param time seconds since 1970 */
export function sessionEnd(status: keyof typeof STATUS, time: number): SummaryValue {
  return session('session_end_info', 4, wholeField(1, STATUS[status]), doubleField(2, time));
}
