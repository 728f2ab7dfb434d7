/**
 * An ONNX file of nodes and weights. The protobuf is written by hand: onnx-proto, the one package with ONNX's messages
 * for Node, had its last release in 2022 and holds on to protobufjs 6, which is no longer mended.
 *
 * Field numbers: onnx/onnx.proto (IR version 8, opset 17).
 */

const IR_VERSION = 8;
const OPSET = 17;
const FLOAT = 1;

export type Bytes = Uint8Array<ArrayBuffer>;

/** One protobuf message, field by field. */
class Message {
  private readonly parts: Uint8Array[] = [];

  /** Wire type 0. */
  integer(field: number, value: number): this {
    this.parts.push(varint(field << 3), varint(value));
    return this;
  }

  /** Wire type 5. */
  float(field: number, value: number): this {
    this.parts.push(varint((field << 3) | 5), new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }

  /** Wire type 2. */
  bytes(field: number, value: Uint8Array | Message | string): this {
    const data =
      value instanceof Message
        ? value.encode()
        : typeof value === 'string'
          ? new TextEncoder().encode(value)
          : value;
    this.parts.push(varint((field << 3) | 2), varint(data.length), data);
    return this;
  }

  encode(): Bytes {
    const out = new Uint8Array(this.parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of this.parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }
}

/** Not by shifts: a tensor may be longer than 2^31 bytes. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

export type Attribute = { int: number } | { ints: readonly number[] } | { float: number };

function attribute(name: string, value: Attribute): Message {
  const message = new Message().bytes(1, name);
  if ('float' in value) return message.float(2, value.float).integer(20, 1);
  if ('int' in value) return message.integer(3, value.int).integer(20, 2);
  for (const n of value.ints) message.integer(8, n);
  return message.integer(20, 7);
}

/** A tensor that goes in or comes out: its name and its sides, by name where the caller settles them. */
export type GraphValue = readonly [name: string, shape: readonly (number | string)[]];

function valueInfo([name, shape]: GraphValue): Message {
  const dims = new Message();
  for (const n of shape) {
    dims.bytes(1, typeof n === 'string' ? new Message().bytes(2, n) : new Message().integer(1, n));
  }
  const tensor = new Message().integer(1, FLOAT).bytes(2, dims);
  return new Message().bytes(1, name).bytes(2, new Message().bytes(1, tensor));
}

/** Collects nodes and weights; every node has one output, named after its layer. */
export class OnnxGraph {
  private readonly graph = new Message();

  node(
    op: string,
    inputs: readonly string[],
    output: string,
    attributes: Record<string, Attribute> = {},
  ): void {
    const node = new Message();
    for (const input of inputs) node.bytes(1, input);
    node.bytes(2, output).bytes(3, output).bytes(4, op);
    for (const [name, value] of Object.entries(attributes)) node.bytes(5, attribute(name, value));
    this.graph.bytes(1, node);
  }

  weight(name: string, shape: readonly number[], values: Float32Array): string {
    const tensor = new Message();
    for (const n of shape) tensor.integer(1, n);
    const raw = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.graph.bytes(5, tensor.integer(2, FLOAT).bytes(8, name).bytes(9, raw));
    return name;
  }

  finish(name: string, input: GraphValue, outputs: readonly GraphValue[]): Bytes {
    this.graph.bytes(2, name).bytes(11, valueInfo(input));
    for (const output of outputs) this.graph.bytes(12, valueInfo(output));
    const opset = new Message().bytes(1, '').integer(2, OPSET);
    return new Message()
      .integer(1, IR_VERSION)
      .bytes(2, 'chexgpu')
      .bytes(7, this.graph)
      .bytes(8, opset)
      .encode();
  }
}
