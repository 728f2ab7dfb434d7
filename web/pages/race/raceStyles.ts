/** How the Race is laid out: settings at the side of the results, or above them. */
import { css } from 'lit';

export const raceStyles = css`
  h1 {
    font-size: 15px;
    font-weight: 650;
    letter-spacing: -0.005em;
  }
  h3 {
    font-size: 13.5px;
    font-weight: 600;
  }
  .message {
    overflow-wrap: anywhere;
  }
  .fields .network,
  .fields .kind,
  .fields .part {
    grid-column: span 2;
  }
  .families {
    display: grid;
    grid-template-columns: repeat(2, minmax(0, 1fr));
    gap: 8px 14px;
    margin: 12px 0;
  }
  .empty {
    min-height: min(40vh, 320px);
    place-content: center;
    text-align: center;
    border: 2px dashed var(--line-strong);
  }
  .empty .lead {
    font-size: clamp(20px, 2.6cqw, 28px);
    letter-spacing: -0.02em;
    line-height: 1.25;
    text-wrap: balance;
  }
  .empty .quiet {
    max-width: 560px;
    margin: 0 auto;
  }
  .tiles {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(136px, 1fr));
    gap: 10px;
    margin: 0;
  }
  .tiles div {
    background: var(--sunken);
    border-radius: var(--radius);
    padding: 8px 12px;
  }
  dt,
  .tiles small {
    font-size: 13px;
    color: var(--muted);
  }
  dd {
    margin: 0;
    font-size: 22px;
    font-weight: 650;
    font-variant-numeric: tabular-nums;
    line-height: 1.3;
  }
  .tiles small {
    font-weight: 400;
    display: block;
  }
  .quiet {
    overflow-wrap: anywhere;
  }
  .scroll {
    overflow-x: auto;
    max-height: 420px;
    overflow-y: auto;
    scrollbar-width: thin;
  }
  .scroll table {
    white-space: nowrap;
  }
  .words {
    text-align: left;
  }
  caption {
    text-align: left;
    color: var(--muted);
    font-size: 13px;
    padding-bottom: 4px;
    white-space: normal;
  }
  .scroll thead th {
    position: sticky;
    top: 0;
    background: var(--surface);
  }
  .bars {
    display: grid;
    gap: 16px 28px;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 360px), 1fr));
  }
  .bars ul {
    list-style: none;
    margin: 4px 0 0;
    padding: 0;
    display: grid;
    gap: 4px;
    font-size: 13px;
    font-variant-numeric: tabular-nums;
  }
  .bars li {
    display: grid;
    grid-template-columns: 118px minmax(40px, 1fr) 56px;
    align-items: center;
    gap: 0 8px;
  }
  .bars .name {
    overflow: hidden;
    text-overflow: ellipsis;
  }
  .bars .factor {
    text-align: right;
    font-weight: 600;
  }
  .bars .note {
    grid-column: 2 / -1;
    color: var(--muted);
    font-size: 12.5px;
  }
  .track {
    background: var(--sunken);
    border-radius: 4px;
    height: 12px;
    overflow: hidden;
  }
  .bar {
    display: block;
    height: 100%;
    background: var(--line-strong);
    border-radius: 4px;
  }
  .bar.chosen {
    background: var(--accent);
  }
`;
