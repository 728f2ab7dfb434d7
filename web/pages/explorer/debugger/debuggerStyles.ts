/** How the debugger is laid out. */
import { css } from 'lit';

export const debuggerStyles = css`
  :host {
    display: block;
    container-type: inline-size;
    min-height: 0;
    background: none;
  }
  .debugger,
  .detail {
    display: grid;
    gap: 14px;
    min-width: 0;
    align-content: start;
  }
  .card {
    display: grid;
    gap: 12px;
    align-content: start;
  }
  .split {
    display: grid;
    gap: 14px;
    grid-template-columns: minmax(0, 1fr);
    align-items: start;
  }
  @container (min-width: 1000px) {
    .split {
      grid-template-columns: minmax(380px, 5fr) minmax(0, 7fr);
    }
    .split > .card {
      position: sticky;
      top: 14px;
    }
  }
  .bar {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 10px 16px;
  }
  .status {
    flex: 1 1 240px;
    font-size: 14px;
    min-height: 1.5em;
    overflow-wrap: anywhere;
  }
  .phases button {
    min-height: 30px;
    padding: 0 10px;
    font-size: 13px;
  }
  chexgpu-dispatches {
    container-type: inline-size;
  }
  .title h2 {
    font-size: 17px;
    overflow-wrap: anywhere;
  }
  code {
    font-size: 0.95em;
    overflow-wrap: anywhere;
  }
  dl.facts {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(128px, 1fr));
    gap: 8px 16px;
    margin: 0;
    padding: 0;
  }
  dt {
    font-size: 12.5px;
    color: var(--muted);
  }
  dd {
    margin: 0;
    color: var(--ink);
    font-size: 14px;
    overflow-wrap: anywhere;
    font-variant-numeric: tabular-nums;
  }
  .buffers {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(200px, 1fr));
    gap: 8px;
  }
  .buffers button {
    display: grid;
    justify-items: start;
    justify-content: stretch;
    gap: 0;
    padding: 6px 12px;
    text-align: left;
    white-space: normal;
    line-height: 1.35;
  }
  .buffers span {
    font-size: 12.5px;
    color: var(--muted);
    overflow-wrap: anywhere;
  }
  .buffers button[aria-pressed='true'] span {
    color: var(--ink);
  }
  .look {
    display: grid;
    gap: 10px;
    min-width: 0;
  }
  .look p {
    font-size: 14px;
    overflow-wrap: anywhere;
  }
  .look input {
    width: 76px;
  }
  .slice {
    position: relative;
    height: 10px;
    border-radius: 5px;
    background: var(--sunken);
    border: 1px solid var(--line);
    overflow: hidden;
  }
  .slice i {
    position: absolute;
    top: 0;
    bottom: 0;
    background: var(--accent);
  }
  .numbers {
    overflow-x: auto;
    max-width: 100%;
  }
  .numbers table {
    border-collapse: collapse;
    font-size: 12.5px;
    font-variant-numeric: tabular-nums;
  }
  .numbers caption {
    text-align: left;
    color: var(--muted);
    padding-bottom: 4px;
  }
  .numbers th,
  .numbers td {
    font-weight: 400;
    text-align: right;
    padding: 2px 0 2px 12px;
    white-space: nowrap;
  }
  .numbers th {
    color: var(--muted);
    padding-left: 0;
  }
`;
