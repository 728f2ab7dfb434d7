/**
 * Datasets of IEEE 754 binary16 in HDF5. h5wasm writes floats of 32 and 64 bits only, so such a dataset is made of
 * whole numbers of 16 bits, and its datatype is then rewritten in the finished file: 16 bytes that say "integer"
 * become 24 that say "float", and the messages behind them move into the room that HDF5 leaves at the end of every
 * object header (file format specification, sections IV.A.1.a, "Version 1 object header", and IV.A.2.d, "datatype
 * message").
 */

const MESSAGE = { nil: 0, datatype: 3 };

/** Version 1, class 1: little-endian, implied first bit, sign in bit 15; 2 bytes; 5 exponent bits from 10, bias 15. */
const BINARY16 = Uint8Array.of(
  ...[0x11, 0x20, 0x0f, 0x00, 2, 0, 0, 0],
  ...[0, 0, 16, 0, 10, 5, 0, 10, 15, 0, 0, 0],
  ...[0, 0, 0, 0],
);

/** Bytes before a message, and before the first one. */
const MESSAGE_HEAD = 8;
const OBJECT_HEAD = 16;

/**
 * Makes float16 of datasets of 16-bit whole numbers, in place.
 * @param bytes a file that `makeHdf5` wrote
 * @param addresses where the object headers of the datasets lie
 * @throws Error for a header that HDF5 would not have written so
 */
export function declareFloat16(bytes: Uint8Array, addresses: readonly number[]): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const address of addresses) {
    const start = address + OBJECT_HEAD;
    const end = start + view.getUint32(address + 8, true);
    let datatype = -1;
    let spare = -1;
    for (let at = start; at < end; at += MESSAGE_HEAD + view.getUint16(at + 2, true)) {
      const kind = view.getUint16(at, true);
      if (kind === MESSAGE.datatype) datatype = at;
      if (kind === MESSAGE.nil) spare = at;
    }
    const old = datatype < 0 ? 0 : view.getUint16(datatype + 2, true);
    const grows = BINARY16.length - old;
    if (view.getUint8(address) !== 1 || old === 0 || spare < datatype) {
      throw new Error(`The HDF5 object header at ${address} is not of the kind that is rewritten.`);
    }
    const room = view.getUint16(spare + 2, true);
    if (room < grows) throw new Error(`The HDF5 object header at ${address} has no room.`);
    const behind = datatype + MESSAGE_HEAD + old;
    bytes.copyWithin(behind + grows, behind, spare + MESSAGE_HEAD);
    view.setUint16(datatype + 2, BINARY16.length, true);
    bytes.set(BINARY16, datatype + MESSAGE_HEAD);
    view.setUint16(spare + grows + 2, room - grows, true);
  }
}
