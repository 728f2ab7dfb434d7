/** The GPU of a page's worker, in words, and what is known of its kernels. */
import { type Gpu, type GpuInfo, openGpu } from 'chexgpu';
import { checkKernels, type PlanChecker } from 'chexgpu/lab';
import { keepDocument, keptDocument } from './kept.js';

/** What a page says of the adapter. */
export interface AdapterWords {
  readonly kind: GpuInfo['kind'];
  /** Its name. */
  readonly name: string;
  /** One sentence. */
  readonly sentence: string;
}

export interface Device {
  readonly gpu: Gpu;
  readonly words: AdapterWords;
  readonly checker: PlanChecker;
}

export function adapterWords({ kind, vendor, description }: GpuInfo): AdapterWords {
  const known = description.toLowerCase().includes(vendor.toLowerCase());
  const name = known ? description : `${vendor} ${description}`;
  const sentence =
    kind === 'software'
      ? `Computes in software on the processor (${name}): right, but slow. The browser offers no GPU.`
      : `Computes on the GPU: ${name}.`;
  return { kind, name, sentence };
}

/**
 * Opens the GPU. Kernels that nothing is known of are checked when the page asks for it, behind its first result; the
 * verdicts stay with the browser.
 * @param onChecked how many of the kernels at hand are checked
 * @param onLost the device is gone, in words: whoever wants to go on opens another
 * @throws AdapterError where the browser has no WebGPU
 */
export async function openDevice(
  onChecked: (done: number, total: number) => void,
  onLost: (why: string) => void = () => {},
): Promise<Device> {
  const gpu = await openGpu();
  void gpu.lost.then(({ message }) => onLost(message));
  const words = adapterWords(gpu.info);
  const name = `checks of ${words.name}`;
  const checker = checkKernels(gpu, {
    when: 'later',
    store: { load: () => keptDocument(name), save: (document) => keepDocument(name, document) },
    onProgress: ({ done, total = 0 }) => onChecked(done, total),
  });
  return { gpu, words, checker };
}
