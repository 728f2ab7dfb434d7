/** What the pages' plots look alike in: their size, their words, lines of the grid, and colours of what they show. */
import { css } from 'lit';

export const chart = css`
  :host {
    display: block;
    min-width: 0;
    --c0: var(--accent);
    --c1: var(--found);
    --c2: light-dark(#6a3fa0, #c3a6f5);
  }
  svg {
    display: block;
    width: 100%;
  }
  text {
    fill: var(--muted);
    font: 12px var(--font);
    font-variant-numeric: tabular-nums;
  }
  .grid {
    stroke: var(--line);
    stroke-width: 1;
  }
`;
