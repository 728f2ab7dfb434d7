import { describe, expect, it } from 'vitest';
import { savedModel } from '../../../../src/densenet/weights/keras/kerasLayers.js';

const layer = (class_name: string, name: string, inbound_nodes?: unknown) => ({
  class_name,
  config: { name },
  inbound_nodes,
});
const read = (model: unknown) => savedModel(JSON.stringify(model));
const shown = (model: unknown) =>
  read(model).layers.map(({ key, className, inputs }) => [key, className, inputs]);

describe("the layers of a model's JSON", () => {
  it('of a Sequential read the one before, whatever stands around the list', () => {
    const layers = [layer('Conv2D', 'a'), layer('ReLU', 'b')];
    const wanted = [
      ['a', 'Conv2D', []],
      ['b', 'ReLU', ['a']],
    ];
    expect(shown({ class_name: 'Sequential', config: { layers } })).toEqual(wanted);
    expect(shown({ class_name: 'Sequential', config: layers })).toEqual(wanted);
  });

  it('read what Keras 2 and Keras 3 say, one or several', () => {
    const tensor = (name: string) => ({
      class_name: '__keras_tensor__',
      config: { keras_history: [name, 0, 0] },
    });
    const inputs = [
      [
        [
          ['a', 0, 0, {}],
          ['b', 0, 0, {}],
        ],
      ],
      [{ args: [[tensor('a'), tensor('b')]], kwargs: {} }],
    ];
    for (const nodes of inputs) {
      const model = { class_name: 'Functional', config: { layers: [layer('Concatenate', 'c', nodes)] } };
      expect(shown(model)).toEqual([['c', 'Concatenate', ['a', 'b']]]);
    }
  });

  it('of a model within a model are opened', () => {
    const base = {
      class_name: 'Functional',
      config: {
        name: 'base',
        layers: [layer('InputLayer', 'i'), layer('Conv2D', 'c', [[['i', 0, 0, {}]]])],
        output_layers: [['c', 0, 0]],
      },
      inbound_nodes: [[['in', 0, 0, {}]]],
    };
    const head = layer('Dense', 'd', [[['base', 1, 0, {}]]]);
    const model = { class_name: 'Functional', config: { layers: [layer('InputLayer', 'in'), base, head] } };
    expect(shown(model)).toEqual([
      ['in', 'InputLayer', []],
      ['base/c', 'Conv2D', ['base/i']],
      ['d', 'Dense', ['base']],
    ]);
    expect([...read(model).aliases]).toEqual([
      ['base/i', ['in']],
      ['base', ['base/c']],
    ]);
  });

  it.each<[unknown, RegExp]>([
    [null, /no description of a Keras model/],
    [{ config: {} }, /no description of a Keras model/],
    [{ config: { layers: [{ config: {} }] } }, /no class_name/],
    [{ config: { layers: [7] } }, /no class_name/],
  ])('are none in %j', (model, message) => {
    expect(() => read(model)).toThrow(SyntaxError);
    expect(() => read(model)).toThrow(message);
  });

  it('lie at most 16 models deep', () => {
    let model: object = { class_name: 'Model', config: { name: 'inner', layers: [] } };
    for (let i = 0; i < 20; i++) model = { class_name: 'Model', config: { name: `m${i}`, layers: [model] } };
    expect(() => read(model)).toThrow(/nested more than 16 deep/);
  });
});
