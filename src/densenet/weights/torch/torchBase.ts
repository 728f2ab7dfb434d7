/** Which tensors of a state_dict are the base's and which the head's, wherever a training script put them. */
import { WeightsError } from '../../../core/errors.js';
import { type DenseNetConfig, densenetConfig, HEAD_LAYER, XRAY_NETWORKS } from '../../architecture.js';
import { HEAD_HINT, NO_HEAD, shapeText } from '../matchTensors.js';
import type { Safetensors, StoredArray } from './safetensors.js';
import { COUNTER, modernName, type TorchTensor, torchTable } from './torchNames.js';

/** The name that the base's first tensor ends with, in whatever module the base was put. */
const STEM = /(^|\.)conv0\.weight$/;

/** Tensors under torchvision's own names, without counters and without a wrapper's prefix. */
export function plainNames(
  { tensors }: Safetensors,
  name: string,
): { prefix: string; arrays: Map<string, StoredArray> } {
  const stems = [...tensors.keys()].filter((key) => STEM.test(key));
  if (stems.length > 1) {
    throw new WeightsError(
      `${name} holds ${stems.length} networks: ${stems.join(', ')}.`,
      'Save the state_dict of one of them.',
    );
  }
  if (stems.length === 0) {
    const found = [...tensors.keys()].slice(0, 3).join(', ') || 'nothing';
    throw new WeightsError(
      `${name} is no DenseNet of PyTorch: it has no tensor features.conv0.weight, but ${found}.`,
      'Save the state_dict of a torchvision or torchxrayvision DenseNet.',
    );
  }
  const base = stems[0].slice(0, -'conv0.weight'.length);
  const isUsual = base.endsWith('features.');
  const prefix = isUsual ? base.slice(0, -'features.'.length) : base;
  const arrays = new Map<string, StoredArray>();
  for (const [key, array] of tensors) {
    if (key.endsWith(`.${COUNTER}`)) continue;
    const inBase = key.startsWith(base) && (base !== '' || IN_BASE.test(key));
    const outside = isUsual && key.startsWith(prefix) ? key.slice(prefix.length) : key;
    const plain = inBase ? modernName(`features.${key.slice(base.length)}`) : outside;
    if (arrays.has(plain)) throw new WeightsError(`${name} holds ${plain} twice, once as ${key}.`);
    arrays.set(plain, array);
  }
  return { prefix, arrays };
}

/** What is the base's where its tensors have no prefix at all. */
const IN_BASE = /^(conv0|norm0|norm5|denseblock\d+|transition\d+)\./;

/** @throws WeightsError unless the file has all tensors of the base, and no others in their module */
export function checkBase(
  arrays: ReadonlyMap<string, StoredArray>,
  config: DenseNetConfig,
  name: string,
): void {
  const wanted = baseOf(config);
  const names = new Set(wanted.map((tensor) => tensor.name));
  const found = [...arrays.keys()].filter((key) => key.startsWith('features.'));
  const missing = wanted.filter((tensor) => !arrays.has(tensor.name));
  const extra = found.filter((key) => !names.has(key));
  if (missing.length === 0 && extra.length === 0) return;
  const all = found.sort().join();
  const fitting = XRAY_NETWORKS.find((other) => {
    const theirs = () => baseOf(densenetConfig(other)).map((tensor) => tensor.name);
    return other !== config.name && all === theirs().sort().join();
  });
  const hint = fitting
    ? `It has the layers of ${fitting}. Name that network (\`network\`).`
    : 'It is the file of another network, or half of one.';
  const faults: string[] = [];
  if (missing.length > 0) {
    const [{ name: first, spec }] = missing;
    const others = missing.length > 1 ? ` and ${missing.length - 1} more tensors` : '';
    faults.push(`lacks ${first} (layer ${spec.layer}, ${spec.tensor})${others} of ${config.name}`);
  }
  if (extra.length > 0) {
    const others = extra.length > 1 ? ` and ${extra.length - 1} more tensors` : '';
    faults.push(`holds ${extra[0]}${others}, which ${config.name} does not have`);
  }
  throw new WeightsError(`${name} ${faults.join(' and ')}.`, hint);
}

const baseOf = (config: DenseNetConfig): TorchTensor[] =>
  torchTable(config).filter(({ spec }) => spec.layer !== HEAD_LAYER);

/**
 * Calls the tensors of the one linear layer behind the base classifier.weight and classifier.bias, whatever the
 * file calls them. Returns what is left over beside it, which only a named head may leave.
 * @throws WeightsError where there are several layers and none is named
 */
export function findHead(
  arrays: Map<string, StoredArray>,
  config: DenseNetConfig,
  name: string,
  head: string | undefined,
): string[] {
  const others = [...arrays].filter(([key]) => !key.startsWith('features.'));
  const moduleOf = (key: string) => key.replace(/\.(weight|bias)$/, '');
  const modules = [...new Set(others.map(([key]) => moduleOf(key)))];
  const chosen = head ?? modules[0] ?? NO_HEAD;
  const there = others.map(([key, { shape }]) => `${key} ${shapeText(shape)}`).join(', ');
  if (head === undefined && modules.length > 1) {
    throw new WeightsError(
      `${name} holds the base of ${config.name} and behind it ${there}; its head is one linear layer.`,
      HEAD_HINT,
    );
  }
  if (chosen !== NO_HEAD && !arrays.has(`${chosen}.weight`)) {
    throw new WeightsError(
      `${name} has no ${chosen}.weight behind the base of ${config.name}, but ${there || 'nothing'}.`,
      HEAD_HINT,
    );
  }
  const leftOver: string[] = [];
  for (const [key, array] of others) {
    arrays.delete(key);
    if (chosen !== NO_HEAD && moduleOf(key) === chosen) arrays.set(key.replace(chosen, 'classifier'), array);
    else leftOver.push(key);
  }
  return leftOver;
}
