/** How what-if and the finite difference are laid out. */
import { css } from 'lit';

const plain = css`
  :host {
    display: block;
    container-type: inline-size;
    min-height: 0;
    background: none;
  }
  .card {
    display: grid;
    gap: 12px;
    min-width: 0;
  }
`;

export const whatIfStyles = css`
  ${plain}
  .radios {
    display: grid;
    gap: 6px;
  }
  .radios + .checks {
    margin-top: 10px;
  }
  .scroll {
    overflow-x: auto;
  }
  .outcome {
    border-collapse: collapse;
    width: 100%;
    font-size: 13.5px;
    font-variant-numeric: tabular-nums;
  }
  .outcome th,
  .outcome td {
    text-align: right;
    font-weight: 400;
    padding: 5px 0 5px 14px;
    border-bottom: 1px solid var(--line);
  }
  .outcome thead th {
    color: var(--muted);
    vertical-align: bottom;
  }
  .outcome th:first-child {
    text-align: left;
    padding-left: 0;
    min-width: 92px;
  }
  .outcome td.picture {
    width: 30%;
    min-width: 110px;
  }
  @container (max-width: 560px) {
    .outcome .picture {
      display: none;
    }
    .outcome th,
    .outcome td {
      padding-left: 8px;
      font-size: 12.5px;
    }
  }
  .outcome .moved {
    font-weight: 600;
    color: var(--accent);
  }
  .outcome .loss th,
  .outcome .loss td {
    border-bottom: 0;
    padding-top: 10px;
  }
  .track {
    position: relative;
    display: block;
    height: 14px;
  }
  .track::before {
    content: '';
    position: absolute;
    inset: 6px 0;
    border-radius: 1px;
    background: var(--line);
  }
  .track i {
    position: absolute;
    top: 2px;
    width: 10px;
    height: 10px;
    border-radius: 50%;
    transform: translateX(-50%);
  }
  .track .way {
    top: 5px;
    height: 4px;
    border-radius: 2px;
    background: var(--accent);
    opacity: 0.55;
    transform: none;
  }
  .track .was {
    border: 2px solid var(--muted);
    background: var(--surface);
  }
  .track .is {
    background: var(--accent);
  }
  @media (prefers-reduced-motion: no-preference) {
    .track i {
      transition:
        left 0.35s,
        width 0.35s;
    }
  }
`;

export const differenceStyles = css`
  ${plain}
  input[type='text'] {
    width: min(340px, 62cqw);
    min-width: 0;
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px 14px;
  }
  .found {
    display: grid;
    gap: 14px 28px;
    align-items: center;
  }
  @container (min-width: 720px) {
    .found {
      grid-template-columns: minmax(0, 1fr) minmax(0, 380px);
    }
  }
  caption {
    text-align: left;
    color: var(--muted);
    padding-bottom: 4px;
    overflow-wrap: anywhere;
  }
  dl {
    display: flex;
    flex-wrap: wrap;
    gap: 6px 28px;
    margin: 12px 0 8px;
  }
  dt {
    font-size: 12.5px;
    color: var(--muted);
  }
  dd {
    margin: 0;
    font-size: 20px;
    font-variant-numeric: tabular-nums;
  }
  svg {
    width: 100%;
    max-width: 380px;
  }
  svg text {
    fill: var(--muted);
    font: 11.5px var(--font);
  }
  .axis {
    stroke: var(--line-strong);
  }
  .tangent {
    stroke: var(--accent);
    stroke-width: 2;
  }
  .secant {
    stroke: var(--found);
    stroke-width: 2;
    stroke-dasharray: 5 4;
  }
  circle {
    fill: var(--ink);
  }
`;
