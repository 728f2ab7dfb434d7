/** Essay 4: lives of the maps of a training step, one row per buffer. */
import { withPlan } from './smallNetwork.js';
import { line, rect, svg, text } from './svg.js';

const FORWARD = /^(block\d|conv.*_conv|conv1\/conv|pool1 argmax)$/;
const LEAST = 2048;

interface Life {
  label: string;
  first: number;
  last: number;
}

export function arenaPicture(): Promise<string> {
  return withPlan('train', ({ dispatches }) => {
    const buffers = new Map<GPUBuffer, { bytes: number; lives: Map<unknown, Life> }>();
    for (const { index, tensors } of dispatches) {
      for (const { storage } of Object.values(tensors)) {
        const { label, bytes, buffer } = storage;
        if (!buffer || bytes < LEAST || /weights|gradients|image|verdict|nextMoving|slices/.test(label))
          continue;
        const row = buffers.get(buffer) ?? { bytes: 0, lives: new Map() };
        row.bytes = Math.max(row.bytes, bytes);
        const first = row.lives.get(storage)?.first ?? index;
        row.lives.set(storage, { label, first, last: index });
        buffers.set(buffer, row);
      }
    }
    const rows = [...buffers.values()].sort((a, b) => b.bytes - a.bytes);
    const loss = dispatches.findIndex(({ kernel }) => kernel.op.startsWith('loss.'));
    const step = 540 / dispatches.length;
    const x = (index: number) => 90 + index * step;
    const bottom = 50 + rows.length * 26;
    const parts = rows.flatMap(({ bytes, lives }, r) => [
      text(80, 62 + r * 26, `${bytes / 1024} KiB`, 'end small'),
      ...[...lives.values()].flatMap(({ label, first, last }) => {
        const width = (last - first + 1) * step;
        const kind = FORWARD.test(label) ? 'a' : 'b';
        const name = label.replace('_conv', '').replace('conv2_', '');
        const fits = name.length * 6.2 < width;
        return [
          rect(x(first), 48 + r * 26, width - 1, 20, kind),
          ...(fits ? [text(x(first) + 3, 62 + r * 26, name, 'small')] : []),
        ];
      }),
    ]);
    parts.push(
      line(
        [
          [x(loss), 30],
          [x(loss), bottom],
        ],
        'line dashed',
      ),
      text(x(loss) - 30, 26, 'forward', 'end'),
      text(x(loss), 26, 'loss', 'middle bold'),
      text(x(loss) + 30, 26, 'backward'),
      text(90, bottom + 18, `dispatches 0 to ${dispatches.length - 1}`, 'small soft'),
      rect(330, bottom + 8, 14, 14, 'a'),
      text(350, bottom + 19, 'made on the way forward', 'small'),
      rect(500, bottom + 8, 14, 14, 'b'),
      text(520, bottom + 19, 'on the way back', 'small'),
    );
    return svg(
      650,
      bottom + 36,
      'Lives of the maps of a training step, one row per buffer of the arena',
      parts,
    );
  });
}
