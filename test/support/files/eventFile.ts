/** Reads event files, by other code than that which writes them: the checksum bit by bit, fields by their numbers. */

export interface ReadValue {
  tag: string;
  plugin: string;
  /** 1: float32, 2: float64, 7: strings. */
  type: number;
  shape: number[];
  numbers: number[];
  strings: Buffer[];
  /** What the plugin's own data hold. */
  content: Fields;
}

export interface ReadEvent {
  wallTime: number;
  step: number;
  version: string | undefined;
  values: ReadValue[];
}

type Fields = Map<number, (number | Buffer)[]>;

function checksum(bytes: Uint8Array): number {
  let crc = 0xffffffffn;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x82f63b78n : crc >> 1n;
  }
  crc ^= 0xffffffffn;
  return Number((((crc >> 15n) | ((crc << 17n) & 0xffffffffn)) + 0xa282ead8n) & 0xffffffffn);
}

/** The data of whole records. @throws where a checksum is wrong; a record that is cut short ends the list */
export function readRecords(file: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at + 12 <= file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    const end = at + 16 + length;
    if (end > file.length) return found;
    const data = file.subarray(at + 12, end - 4);
    const sums = [checksum(file.subarray(at, at + 8)), checksum(data)];
    if (sums[0] !== file.readUInt32LE(at + 8) || sums[1] !== file.readUInt32LE(end - 4)) {
      throw new Error(`the record at ${at} has a wrong checksum`);
    }
    found.push(data);
    at = end;
  }
  return found;
}

/** The fields of a message by number: varints and doubles as numbers, the rest as bytes. */
export function fieldsOf(bytes: Buffer): Fields {
  const fields: Fields = new Map();
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return Number(value);
    }
  };
  while (at < bytes.length) {
    const key = varint();
    let value: number | Buffer;
    if (key % 8 === 0) value = varint();
    else if (key % 8 === 1) {
      value = bytes.readDoubleLE(at);
      at += 8;
    } else if (key % 8 === 2) {
      const length = varint();
      value = bytes.subarray(at, at + length);
      at += length;
    } else throw new Error(`wire type ${key % 8}`);
    const field = Math.floor(key / 8);
    fields.set(field, [...(fields.get(field) ?? []), value]);
  }
  if (at !== bytes.length) throw new Error('a field runs over the end of its message');
  return fields;
}

const all = (fields: Fields, field: number) => (fields.get(field) ?? []) as Buffer[];
const inner = (fields: Fields, field: number): Fields => fieldsOf(all(fields, field)[0] ?? Buffer.alloc(0));
const text = (fields: Fields, field: number): string => all(fields, field)[0]?.toString() ?? '';
const whole = (fields: Fields, field: number): number => (fields.get(field)?.[0] as number) ?? 0;

function readValue(bytes: Buffer): ReadValue {
  const value = fieldsOf(bytes);
  const tensor = inner(value, 8);
  const plugin = inner(inner(value, 9), 1);
  const type = whole(tensor, 1);
  const content = all(tensor, 4)[0] ?? Buffer.alloc(0);
  const width = type === 2 ? 8 : 4;
  const numbers = Array.from({ length: content.length / width }, (_, i) =>
    type === 2 ? content.readDoubleLE(8 * i) : content.readFloatLE(4 * i),
  );
  return {
    tag: text(value, 1),
    plugin: text(plugin, 1),
    type,
    shape: all(inner(tensor, 2), 2).map((dimension) => whole(fieldsOf(dimension), 1)),
    numbers,
    strings: all(tensor, 8),
    content: inner(plugin, 2),
  };
}

/** Hyperparameters of a `_hparams_/session_start_info`. */
export function hyperparametersOf({ content }: ReadValue): Record<string, number | string | boolean> {
  const entries = all(inner(content, 3), 1).map((bytes) => {
    const entry = fieldsOf(bytes);
    const value = inner(entry, 2);
    const x = value.has(2) ? whole(value, 2) : value.has(3) ? text(value, 3) : whole(value, 4) === 1;
    return [text(entry, 1), x] as const;
  });
  return Object.fromEntries(entries);
}

/** Status of a `_hparams_/session_end_info`: 1 success, 2 failure. */
export const statusOf = ({ content }: ReadValue): number => whole(inner(content, 4), 1);

export function readEvents(file: Buffer): ReadEvent[] {
  return readRecords(file).map((data) => {
    const event = fieldsOf(data);
    return {
      wallTime: whole(event, 1),
      step: whole(event, 2),
      version: event.has(3) ? text(event, 3) : undefined,
      values: all(inner(event, 5), 1).map(readValue),
    };
  });
}
