import { describe, expect, it } from 'vitest';
import { textWidth } from '../../../src/eval/report/renderFigures.node.js';

describe('figures', () => {
  it('measure text as Arial does', () => {
    // Liberation Sans, from its own hmtx table.
    expect(textWidth('Pleural_Thickening', 12)).toBeCloseTo(102.0586, 1);
    expect(textWidth('Hernia (0.896)', 12)).toBeCloseTo(76.7051, 1);
  });
});
