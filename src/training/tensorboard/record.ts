/** Events and the records that hold them: the lines, as it were, of an event file. */
import { maskedCrc32c } from './crc32c.js';
import { concat, doubleField, messageField, textField, wholeField } from './protobuf.js';
import type { SummaryValue } from './summaries.js';

/**
 * One record of a TFRecord file: length (64 bits), its checksum, the data, their checksum; little-endian.
 * https://www.tensorflow.org/tutorials/load_data/tfrecord
 */
export function record(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(data.length + 16);
  const view = new DataView(whole.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc32c(whole.subarray(0, 8)), true);
  whole.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc32c(data), true);
  return whole;
}

/**
 * The first records of every event file. By version 1 a step that comes again takes the place of what its tag had from
 * there on, tag by tag, which is what a training that goes on from a checkpoint needs. (By version 2, TensorFlow's,
 * a message drops all tags from one step on; in these files some tags count epochs and others training steps.) What
 * comes again TensorBoard knows by a step below the one before it (plugin_event_accumulator.py); so that it does
 * wherever the earlier file ended, a summary of nothing stands behind the first step.
 * @param wallTime seconds since 1970
 * @param step of the file's first values
 */
export function beginRecords(wallTime: number, step: number): Uint8Array<ArrayBuffer> {
  const version = record(concat([doubleField(1, wallTime), textField(3, 'brain.Event:1')]));
  return concat([version, eventRecord(wallTime, step + 1, [])]);
}

/**
 * A record with values of one step: tensorflow/core/util/event.proto.
 * @param wallTime seconds since 1970
 * @param step a whole number, 0 or above
 */
export function eventRecord(
  wallTime: number,
  step: number,
  values: readonly SummaryValue[],
): Uint8Array<ArrayBuffer> {
  const steps = step === 0 ? [] : [wholeField(2, step)];
  return record(concat([doubleField(1, wallTime), ...steps, messageField(5, ...values)]));
}
