/** How numbers, grids of them and plots of a channel look. */
import { css } from 'lit';

export const numberStyles = css`
  code {
    font-size: 0.95em;
    overflow-wrap: anywhere;
  }
  table {
    border-collapse: collapse;
    font-size: 13px;
    font-variant-numeric: tabular-nums;
  }
  th,
  td {
    font-weight: 400;
    text-align: right;
    padding: 3px 0 3px 14px;
    border-bottom: 1px solid var(--line);
  }
  th:first-child {
    text-align: left;
    padding-left: 0;
  }
  thead th,
  caption {
    color: var(--muted);
  }
  caption {
    text-align: left;
    padding-bottom: 4px;
  }
  .pixel {
    display: grid;
    gap: 22px;
    grid-template-columns: minmax(0, 1fr);
  }
  @container (min-width: 720px) {
    .pixel {
      grid-template-columns: minmax(0, 1fr) auto;
    }
    .pixel .equation + .equation {
      grid-column: 1 / -1;
    }
  }
  .field {
    max-width: 176px;
  }
  .formula {
    font-size: 14px;
    color: var(--muted);
    overflow-wrap: anywhere;
    margin-bottom: 10px;
  }
  .lines {
    width: 100%;
    max-width: 560px;
  }
  .lines tr:last-child td,
  .lines tr:last-child th {
    font-weight: 650;
  }
  .key {
    font-size: 13px;
    color: var(--muted);
    overflow-wrap: anywhere;
  }
  .groups {
    display: flex;
    flex-wrap: wrap;
    gap: 4px 26px;
  }
  .terms {
    max-width: 100%;
  }
  .terms h3 span {
    font-weight: 400;
    color: var(--muted);
  }
  .made {
    margin-top: 4px;
  }
  .made summary {
    font-size: 13.5px;
    color: var(--muted);
    cursor: pointer;
    min-height: 24px;
  }
  .weight {
    display: flex;
    max-width: 420px;
  }
  .weight input {
    flex: 0 1 340px;
    min-width: 0;
  }
  .grids {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px;
  }
  .grid td {
    border: 1px solid var(--line);
    padding: 2px 3px;
    min-width: 40px;
    font-size: 11.5px;
    text-align: center;
  }
  .small .grid td {
    min-width: 31px;
    font-size: 10.5px;
    padding: 1px 0;
  }
  .grid .outside {
    background-image: repeating-linear-gradient(45deg, var(--line) 0 1px, transparent 1px 5px) !important;
  }
  .scroll {
    overflow: auto;
    max-height: 480px;
    scrollbar-width: thin;
  }
  .products {
    width: 100%;
    max-width: 620px;
  }
  .products thead th {
    overflow-wrap: anywhere;
    max-width: 170px;
  }
  .sofar {
    color: var(--muted);
  }
  .rest {
    margin: 6px 0;
  }
  .result {
    display: flex;
    flex-wrap: wrap;
    gap: 10px;
    margin: 14px 0 6px;
  }
  .result div {
    background: var(--sunken);
    border-radius: var(--radius);
    padding: 8px 12px;
  }
  dt {
    font-size: 12.5px;
    color: var(--muted);
  }
  dd {
    margin: 0;
    font-size: 18px;
    font-weight: 650;
    font-variant-numeric: tabular-nums;
  }
  .moves {
    grid-column: 1 / -1;
    overflow-x: auto;
  }
  .moves table {
    width: 100%;
  }
  .moves button {
    min-height: 26px;
    padding: 0;
    font-size: 13px;
  }
  .moves .share {
    position: relative;
    min-width: 110px;
  }
  .moves .share i {
    position: absolute;
    inset: 4px auto 4px 14px;
    background: var(--accent-soft);
    border-radius: 3px;
    z-index: -1;
  }
  .moves td {
    isolation: isolate;
  }
  .histogram svg,
  .gauge {
    display: block;
    width: 100%;
    max-width: 340px;
    margin-top: 6px;
  }
  .histogram .plus {
    fill: var(--plus);
  }
  .histogram .minus {
    fill: var(--minus);
  }
  .histogram .zero {
    stroke: var(--ink);
  }
  .gauge line {
    stroke: var(--line-strong);
    stroke-width: 3;
    stroke-linecap: round;
  }
  .gauge .batch line,
  .gauge .batch circle {
    stroke: var(--plus);
    fill: var(--plus);
  }
  .gammas {
    font-size: 13px;
    margin-top: 6px;
    font-variant-numeric: tabular-nums;
  }
  .gammas span {
    color: var(--muted);
  }
  .norm p {
    margin-top: 6px;
    max-width: 520px;
  }
`;
