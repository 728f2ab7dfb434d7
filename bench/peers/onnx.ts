/**
 * DenseNet as an ONNX file, for ONNX Runtime: the protobuf is written by hand from the table of layers, so
 * that no exporter stands between our network and the peer's. NCHW, as ONNX wants it; shapes are fixed.
 *
 * Field numbers: onnx/onnx.proto (IR version 8, opset 17).
 */
import { type DenseNetConfig, type Layer, layerTable } from '../../src/densenet/architecture.js';
import type { WeightMap } from '../../src/training/parameterSpec.js';

const IR_VERSION = 8;
const OPSET = 17;
const FLOAT = 1;

type Bytes = Uint8Array<ArrayBuffer>;

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

type Attribute = { int: number } | { ints: readonly number[] } | { float: number };

function attribute(name: string, value: Attribute): Message {
  const message = new Message().bytes(1, name);
  if ('float' in value) return message.float(2, value.float).integer(20, 1);
  if ('int' in value) return message.integer(3, value.int).integer(20, 2);
  for (const n of value.ints) message.integer(8, n);
  return message.integer(20, 7);
}

function valueInfo(name: string, shape: readonly number[]): Message {
  const dims = new Message();
  for (const n of shape) dims.bytes(1, new Message().integer(1, n));
  const tensor = new Message().integer(1, FLOAT).bytes(2, dims);
  return new Message().bytes(1, name).bytes(2, new Message().bytes(1, tensor));
}

/** HWIO to OIHW. */
export function toOihw(values: Float32Array, [height, width, cin, cout]: readonly number[]): Float32Array {
  const out = new Float32Array(values.length);
  const window = height * width;
  for (let s = 0; s < window; s++) {
    for (let i = 0; i < cin; i++) {
      for (let o = 0; o < cout; o++) out[(o * cin + i) * window + s] = values[(s * cin + i) * cout + o];
    }
  }
  return out;
}

/** Collects nodes and weights; every node has one output, named after its layer. */
class GraphWriter {
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

  finish(name: string, input: [string, number[]], output: [string, number[]]): Bytes {
    this.graph
      .bytes(2, name)
      .bytes(11, valueInfo(...input))
      .bytes(12, valueInfo(...output));
    const opset = new Message().bytes(1, '').integer(2, OPSET);
    return new Message()
      .integer(1, IR_VERSION)
      .bytes(2, 'chexgpu')
      .bytes(7, this.graph)
      .bytes(8, opset)
      .encode();
  }
}

export interface OnnxOptions {
  batch: number;
  /** Side of the square image, pixels. */
  size: number;
  /** 'moving': inference. 'batch': the batch norms use the batch's own statistics, as in training. */
  statistics?: 'moving' | 'batch';
}

/**
 * The network as an ONNX model: input `image` [batch, channels, size, size], output `probabilities`
 * [batch, classes].
 * @throws Error for a tensor that `weights` lacks
 */
export function encodeOnnx(config: DenseNetConfig, weights: WeightMap, options: OnnxOptions): Bytes {
  const { batch, size, statistics = 'moving' } = options;
  const graph = new GraphWriter();
  /** What a layer's output is called in the graph, and the zeros that a zeropad layer asks for around it. */
  const outputs = new Map<string, { name: string; pad: number }>();
  const vector = (key: string, values: Float32Array, shape = [values.length]) =>
    graph.weight(key, shape, values);
  const tensor = (key: string): Float32Array => {
    const values = weights.get(key);
    if (!values) throw new Error(`The weights lack ${key}.`);
    return values;
  };

  const write = (layer: Layer, inputs: string[], pad: number): string => {
    const { name, kernel, stride } = layer;
    const window = {
      kernel_shape: { ints: [kernel, kernel] },
      strides: { ints: [stride, stride] },
      pads: { ints: Array<number>(4).fill(pad) },
    };
    switch (layer.kind) {
      case 'conv': {
        const oihw = toOihw(tensor(`${name}/kernel`), [kernel, kernel, layer.cin, layer.cout]);
        const key = graph.weight(`${name}/kernel`, [layer.cout, layer.cin, kernel, kernel], oihw);
        graph.node('Conv', [...inputs, key], name, window);
        break;
      }
      case 'batchnorm':
        if (statistics === 'batch') batchNorm(layer, inputs[0]);
        else {
          const four = ['gamma', 'beta', 'moving_mean', 'moving_variance'].map((t) => `${name}/${t}`);
          graph.node(
            'BatchNormalization',
            [...inputs, ...four.map((key) => vector(key, tensor(key)))],
            name,
            {
              epsilon: { float: config.bnEpsilon },
            },
          );
        }
        break;
      case 'relu':
        graph.node('Relu', inputs, name);
        break;
      case 'maxpool':
        // ONNX pads a max pool with -infinity, Keras with zeros: the same after a ReLU.
        graph.node('MaxPool', inputs, name, window);
        break;
      case 'avgpool':
        graph.node('AveragePool', inputs, name, window);
        break;
      case 'concat':
        graph.node('Concat', inputs, name, { axis: { int: 1 } });
        break;
      case 'gap':
        graph.node('GlobalAveragePool', inputs, `${name}/map`);
        graph.node('Flatten', [`${name}/map`], name);
        break;
      case 'dense': {
        const kernelKey = graph.weight(`${name}/kernel`, [layer.cin, layer.cout], tensor(`${name}/kernel`));
        graph.node('Gemm', [...inputs, kernelKey, vector(`${name}/bias`, tensor(`${name}/bias`))], name);
        break;
      }
      case 'input':
      case 'zeropad':
        break;
    }
    return name;
  };

  /** Batch statistics by elementary operations: ONNX Runtime's inference build has no training mode. */
  const batchNorm = ({ name, cout }: Layer, x: string): void => {
    const axes = { axes: { ints: [0, 2, 3] } };
    const channel = (t: string) => vector(`${name}/${t}`, tensor(`${name}/${t}`), [1, cout, 1, 1]);
    const epsilon = graph.weight(`${name}/epsilon`, [1], Float32Array.of(config.bnEpsilon));
    graph.node('ReduceMean', [x], `${name}/mean`, axes);
    graph.node('Sub', [x, `${name}/mean`], `${name}/centred`);
    graph.node('Mul', [`${name}/centred`, `${name}/centred`], `${name}/squares`);
    graph.node('ReduceMean', [`${name}/squares`], `${name}/variance`, axes);
    graph.node('Add', [`${name}/variance`, epsilon], `${name}/stable`);
    graph.node('Sqrt', [`${name}/stable`], `${name}/deviation`);
    graph.node('Div', [`${name}/centred`, `${name}/deviation`], `${name}/normal`);
    graph.node('Mul', [`${name}/normal`, channel('gamma')], `${name}/scaled`);
    graph.node('Add', [`${name}/scaled`, channel('beta')], name);
  };

  let last = '';
  for (const layer of layerTable(config)) {
    const before = layer.inputs.map((input) => outputs.get(input)!);
    if (layer.kind === 'input') outputs.set(layer.name, { name: 'image', pad: 0 });
    else if (layer.kind === 'zeropad') outputs.set(layer.name, { name: before[0].name, pad: layer.pad });
    else {
      const pad = layer.pad + before[0].pad;
      const name = write(
        layer,
        before.map((output) => output.name),
        pad,
      );
      outputs.set(layer.name, { name, pad: 0 });
    }
    last = layer.name;
  }
  const activation = config.activation === 'sigmoid' ? 'Sigmoid' : 'Softmax';
  graph.node(activation, [outputs.get(last)!.name], 'probabilities');
  return graph.finish(
    config.name,
    ['image', [batch, config.inputChannels, size, size]],
    ['probabilities', [batch, config.classes]],
  );
}
