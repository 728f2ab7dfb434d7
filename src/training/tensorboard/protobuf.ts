/**
 * Protocol Buffers' wire format, written: as much of it as event files take
 * (https://protobuf.dev/programming-guides/encoding). A message is its fields one after the other; fields that have
 * their default value are left out by whoever calls.
 */

/** How a field's bytes are told apart. */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;

const encoder = new TextEncoder();

export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const part of parts) {
    whole.set(part, end);
    end += part.length;
  }
  return whole;
}

/** A whole number from 0 to 2^53 - 1 in groups of seven bits, the lowest first. */
function varint(value: number): number[] {
  const groups: number[] = [];
  // Not by shifts, which know 32 bits.
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) groups.push((rest % 128) | 128);
  groups.push(rest);
  return groups;
}

const tag = (field: number, wire: number): number[] => varint(field * 8 + wire);

/** A field of type int32, int64, bool or enum: a whole number from 0 to 2^53 - 1. */
export function wholeField(field: number, value: number): Uint8Array {
  return Uint8Array.from([...tag(field, VARINT), ...varint(value)]);
}

export function doubleField(field: number, value: number): Uint8Array {
  const head = tag(field, FIXED64);
  const bytes = new Uint8Array(head.length + 8);
  bytes.set(head);
  new DataView(bytes.buffer).setFloat64(head.length, value, true);
  return bytes;
}

export function bytesField(field: number, value: Uint8Array): Uint8Array {
  return concat([Uint8Array.from([...tag(field, LENGTH_DELIMITED), ...varint(value.length)]), value]);
}

/** UTF-8. */
export function textField(field: number, value: string): Uint8Array {
  return bytesField(field, encoder.encode(value));
}

/** A message within a message, or one entry of a repeated one. */
export function messageField(field: number, ...fields: readonly Uint8Array[]): Uint8Array {
  return bytesField(field, concat(fields));
}
