/** What an adapter says of itself, in our words. */

export interface GpuInfo {
  /** A GPU, or a driver that computes on the processor. */
  kind: 'hardware' | 'software';
  vendor: string;
  architecture: string;
  description: string;
  features: string[];
  subgroupMinSize: number;
  subgroupMaxSize: number;
}

/** A device with what is known of its adapter: what a Gpu is to those who only look at it. */
export interface AdapterFacts {
  readonly device: GPUDevice;
  readonly info: GpuInfo;
}

export function describeAdapter(info: GPUAdapterInfo, device: GPUDevice): GpuInfo {
  const software =
    info.isFallbackAdapter ||
    /swiftshader|llvmpipe|lavapipe|software/i.test(`${info.architecture} ${info.device} ${info.description}`);
  return {
    kind: software ? 'software' : 'hardware',
    vendor: info.vendor,
    architecture: info.architecture,
    description: info.description || info.device || info.architecture || info.vendor || 'unknown adapter',
    features: [...device.features].sort(),
    subgroupMinSize: info.subgroupMinSize ?? 0,
    subgroupMaxSize: info.subgroupMaxSize ?? 0,
  };
}
