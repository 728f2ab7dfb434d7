import type { DenseNetConfig, DenseNetName } from '../architecture.js';

/** In weights/ of this package: DenseNet121 that drawn X-rays taught, and what is taken where nobody names weights. */
export const PHANTOM_WEIGHTS = 'phantoms-densenet121';

/** Beside it: the toy, which the same drawings taught at 16 px. */
export const TOY_WEIGHTS = 'phantoms-toy';

/** What of weights/ is taken where nobody names weights, and maybe a network. */
export const ownWeights = (network?: DenseNetName | DenseNetConfig): string =>
  (typeof network === 'string' ? network : network?.name) === 'toy' ? TOY_WEIGHTS : PHANTOM_WEIGHTS;

/** How a public file is fetched. */
export interface Fetchable {
  /** What one calls it. */
  name: string;
  network: DenseNetName;
  /** Where it lies on the web. */
  folder: string;
}

/** Weight files that are known by name, so that a damaged or different one can be told. */
export interface KnownWeights {
  file: string;
  /** Hex digest of the whole file. */
  algorithm: 'sha256' | 'md5';
  digest: string;
  bytes: number;
  /** What it is, in a few words. */
  what: string;
  /** Of files that may be fetched. */
  fetch?: Fetchable;
}

const KERAS = 'https://storage.googleapis.com/tensorflow/keras-applications/densenet/';

export const KNOWN_WEIGHTS: readonly KnownWeights[] = [
  {
    file: `${PHANTOM_WEIGHTS}.h5`,
    algorithm: 'sha256',
    digest: 'e15e1987ddfa3f93613a7cb0616b818ee6d15f7479538f19f25b88da5ed342f2',
    bytes: 15_369_168,
    what: 'trained on drawn X-rays',
  },
  {
    file: `${TOY_WEIGHTS}.safetensors`,
    algorithm: 'sha256',
    digest: '96d9518b7b0d6a8421054bd220d8faed4019ed6fa54b5bd145ea3f052ef70e93',
    bytes: 9848,
    what: 'the toy, trained on drawn X-rays at 16 px',
  },
  {
    file: 'densenet.hdf5',
    algorithm: 'sha256',
    digest: '7a08af08e2e59902fe356df6f40aa5e52bc07562f86bbcfe9e5639d7e81e825f',
    bytes: 29_291_464,
    what: "the course's base network, without the head",
  },
  {
    file: 'pretrained_model.h5',
    algorithm: 'sha256',
    digest: '065c434e7fddce4f8d8c6b5451a78a2de9e3975f67284acb62a4e5ae83f823e1',
    bytes: 29_148_608,
    what: "the course's trained chest X-ray network",
  },
  {
    file: 'densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5',
    algorithm: 'md5',
    digest: '30ee3e1110167f948a6b9946edeeb738',
    bytes: 29_084_464,
    what: "Keras' ImageNet base of DenseNet121, without the head",
    fetch: { name: 'imagenet-densenet121', network: 'densenet121', folder: KERAS },
  },
  {
    file: 'densenet169_weights_tf_dim_ordering_tf_kernels_notop.h5',
    algorithm: 'md5',
    digest: 'b8c4d4c20dd625c148057b9ff1c1176b',
    bytes: 51_877_672,
    what: "Keras' ImageNet base of DenseNet169, without the head",
    fetch: { name: 'imagenet-densenet169', network: 'densenet169', folder: KERAS },
  },
  {
    file: 'densenet201_weights_tf_dim_ordering_tf_kernels_notop.h5',
    algorithm: 'md5',
    digest: 'c13680b51ded0fb44dff2d8f86ac8bb1',
    bytes: 74_836_368,
    what: "Keras' ImageNet base of DenseNet201, without the head",
    fetch: { name: 'imagenet-densenet201', network: 'densenet201', folder: KERAS },
  },
];
