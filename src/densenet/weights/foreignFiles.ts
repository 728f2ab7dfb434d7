/** What people hand over in place of a weight file, told by its first bytes. */
import { WeightsError } from '../../core/errors.js';

/** How to make safetensors of what PyTorch pickled; pickles are programs, so none is opened here. */
const TORCH_TO_SAFETENSORS =
  'Convert it in Python: import torch, safetensors.torch as st; ' +
  "m = torch.load('in.pt', map_location='cpu', weights_only=False); " +
  "m = getattr(m, 'state_dict', lambda: m.get('state_dict', m))(); " +
  "st.save_file({k: v.clone() for k, v in m.items()}, 'out.safetensors'). " +
  'Do that only with files you trust: loading a pickle runs what is in it.';

/**
 * Throws WeightsError for bytes that are no weight file of any format: an empty file, a Git-LFS pointer, a
 * web page, a PyTorch pickle, a zip archive. `format` is what was wanted, for the message.
 */
export function refuseForeign(bytes: Uint8Array, name: string, format: string): void {
  if (bytes.length === 0) throw new WeightsError(`${name} is empty.`, 'Get the file again.');
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 200)).trimStart();
  if (start.startsWith('version https://git-lfs')) {
    throw new WeightsError(
      `${name} is a Git-LFS pointer, a text that stands for the file, and not the file itself.`,
      "Run 'git lfs pull' where it came from, or download the file itself.",
    );
  }
  if (/^<(!doctype|html|\?xml)/i.test(start)) {
    throw new WeightsError(`${name} is a web page, not ${format}.`, 'Download the file itself.');
  }
  if (isTorchPickle(bytes)) {
    throw new WeightsError(
      `${name} is a pickle of PyTorch (.pt, .pth), not ${format}.`,
      TORCH_TO_SAFETENSORS,
    );
  }
  if (start.startsWith('PK\x03\x04')) {
    throw new WeightsError(
      `${name} is a zip archive (a Keras 3 .keras file?), not ${format}.`,
      'Unpack it and use the model.weights.h5 inside.',
    );
  }
}

/**
 * Since PyTorch 1.6 a zip whose first entry is NAME/data.pkl; before, a bare pickle: 0x80, protocol, then an
 * opcode that starts its magic number (0x8a) or an object.
 */
function isTorchPickle(bytes: Uint8Array): boolean {
  if (bytes[0] === 0x80 && bytes[1] >= 2 && bytes[1] <= 5) return true;
  const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
  if (!isZip || bytes.length < 30) return false;
  const length = bytes[26] + 256 * bytes[27];
  const first = new TextDecoder('latin1').decode(bytes.subarray(30, 30 + length));
  return first.endsWith('/data.pkl');
}
