/** CRC-32C against the values of RFC 3720 and of TensorBoard's own code. */
import { describe, expect, it } from 'vitest';
import { crc32c, maskedCrc32c } from '../../../src/training/tensorboard/crc32c.js';
import golden from '../../golden/training/tensorboard/tensorboard.json' with { type: 'json' };

describe('CRC-32C', () => {
  it.each([
    ['zeros', new Uint8Array(32), 0x8a9136aa],
    ['ones', new Uint8Array(32).fill(255), 0x62a8ab43],
    ['counting up', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
  ])("is that of RFC 3720's test of 32 bytes: %s", (_, bytes, wanted) => {
    expect(crc32c(bytes)).toBe(wanted);
  });

  it("is masked as TensorBoard's", () => {
    const got = golden.crc.map(({ bytes }) => maskedCrc32c(Buffer.from(bytes, 'base64')));
    expect(got).toEqual(golden.crc.map(({ masked }) => masked));
  });
});
