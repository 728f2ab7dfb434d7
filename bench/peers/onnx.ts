/**
 * DenseNet as an ONNX file, for ONNX Runtime, written from the table of layers, so that no exporter stands between our
 * network and the peer's. NCHW, as ONNX wants it; shapes are fixed.
 */
import { type DenseNetConfig, type Layer, layerTable } from '../../src/densenet/architecture.js';
import type { WeightMap } from '../../src/training/parameterSpec.js';
import { type Bytes, OnnxGraph } from './onnxGraph.js';

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
  const graph = networkGraph(config, weights, statistics);
  return graph.finish(
    config.name,
    ['image', [batch, config.inputChannels, size, size]],
    [['probabilities', [batch, config.classes]]],
  );
}

/**
 * The nodes of the network, from x[b,c,h,w] `image` to `probabilities` [b,classes]; the output of a layer has its name.
 * @throws Error for a tensor that `weights` lacks
 */
export function networkGraph(
  config: DenseNetConfig,
  weights: WeightMap,
  statistics: 'moving' | 'batch' = 'moving',
): OnnxGraph {
  const writer = new LayerWriter(config, weights, statistics);
  /** What a layer's output is called in the graph, and the zeros that a zeropad layer asks for around it. */
  const outputs = new Map<string, { name: string; pad: number }>();
  let last = '';
  for (const layer of layerTable(config)) {
    const before = layer.inputs.map((input) => outputs.get(input)!);
    if (layer.kind === 'input') outputs.set(layer.name, { name: 'image', pad: 0 });
    else if (layer.kind === 'zeropad') outputs.set(layer.name, { name: before[0].name, pad: layer.pad });
    else {
      const inputs = before.map(({ name }) => name);
      writer.write(layer, inputs, layer.pad + before[0].pad);
      outputs.set(layer.name, { name: layer.name, pad: 0 });
    }
    last = layer.name;
  }
  const { graph } = writer;
  const activation = config.activation === 'sigmoid' ? 'Sigmoid' : 'Softmax';
  graph.node(activation, [outputs.get(last)!.name], 'probabilities');
  return graph;
}

/** Layers as nodes; every node has one output, named after its layer. */
class LayerWriter {
  readonly graph = new OnnxGraph();

  constructor(
    private readonly config: DenseNetConfig,
    private readonly weights: WeightMap,
    private readonly statistics: 'moving' | 'batch',
  ) {}

  /** @param pad zeros around the map that a window reads */
  write(layer: Layer, inputs: readonly string[], pad: number): void {
    const { name, kernel, stride } = layer;
    const { graph } = this;
    const window = {
      kernel_shape: { ints: [kernel, kernel] },
      strides: { ints: [stride, stride] },
      pads: { ints: Array<number>(4).fill(pad) },
    };
    switch (layer.kind) {
      case 'conv': {
        const oihw = toOihw(this.values(`${name}/kernel`), [kernel, kernel, layer.cin, layer.cout]);
        const key = graph.weight(`${name}/kernel`, [layer.cout, layer.cin, kernel, kernel], oihw);
        graph.node('Conv', [...inputs, key], name, window);
        break;
      }
      case 'batchnorm':
        if (this.statistics === 'batch') this.normWithBatchStatistics(layer, inputs[0]);
        else this.norm(layer, inputs[0]);
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
        const kernelKey = this.weight(`${name}/kernel`, [layer.cin, layer.cout]);
        graph.node('Gemm', [...inputs, kernelKey, this.weight(`${name}/bias`, [layer.cout])], name);
        break;
      }
      case 'input':
      case 'zeropad':
        break;
    }
  }

  private norm({ name, cout }: Layer, x: string): void {
    const four = ['gamma', 'beta', 'moving_mean', 'moving_variance'].map((t) =>
      this.weight(`${name}/${t}`, [cout]),
    );
    const epsilon = { epsilon: { float: this.config.bnEpsilon } };
    this.graph.node('BatchNormalization', [x, ...four], name, epsilon);
  }

  /** By elementary operations: ONNX Runtime's inference build has no training mode. */
  private normWithBatchStatistics({ name, cout }: Layer, x: string): void {
    const { graph } = this;
    const axes = { axes: { ints: [0, 2, 3] } };
    const [gamma, beta] = ['gamma', 'beta'].map((t) => this.weight(`${name}/${t}`, [1, cout, 1, 1]));
    const epsilon = graph.weight(`${name}/epsilon`, [1], Float32Array.of(this.config.bnEpsilon));
    graph.node('ReduceMean', [x], `${name}/mean`, axes);
    graph.node('Sub', [x, `${name}/mean`], `${name}/centred`);
    graph.node('Mul', [`${name}/centred`, `${name}/centred`], `${name}/squares`);
    graph.node('ReduceMean', [`${name}/squares`], `${name}/variance`, axes);
    graph.node('Add', [`${name}/variance`, epsilon], `${name}/stable`);
    graph.node('Sqrt', [`${name}/stable`], `${name}/deviation`);
    graph.node('Div', [`${name}/centred`, `${name}/deviation`], `${name}/normal`);
    graph.node('Mul', [`${name}/normal`, gamma], `${name}/scaled`);
    graph.node('Add', [`${name}/scaled`, beta], name);
  }

  private weight(key: string, shape: readonly number[]): string {
    return this.graph.weight(key, shape, this.values(key));
  }

  private values(key: string): Float32Array {
    const values = this.weights.get(key);
    if (!values) throw new Error(`The weights lack ${key}.`);
    return values;
  }
}
