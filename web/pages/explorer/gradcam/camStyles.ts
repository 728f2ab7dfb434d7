/** How Grad-CAM's steps are laid out. */
import { css } from 'lit';

export const camStyles = css`
  :host {
    display: block;
    container-type: inline-size;
    min-height: 0;
    background: none;
  }
  .cam {
    display: grid;
    gap: 14px;
  }
  .card {
    display: grid;
    gap: 12px;
    min-width: 0;
  }
  .bar {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 10px 18px;
  }
  .card > p {
    max-width: 78ch;
  }
  .steps {
    display: flex;
    flex-wrap: wrap;
    gap: 6px;
  }
  .steps button {
    min-height: 32px;
    padding: 0 12px;
    font-size: 13.5px;
  }
  figure {
    margin: 0;
  }
  figcaption {
    font-size: 12.5px;
    color: var(--muted);
    margin-top: 4px;
    font-variant-numeric: tabular-nums;
  }
  .tiles {
    display: flex;
    flex-wrap: wrap;
    gap: 10px;
  }
  .tiles figcaption {
    text-align: center;
  }
  .sum {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 18px;
  }
  .sign {
    font-size: 24px;
    color: var(--muted);
  }
  output {
    font-variant-numeric: tabular-nums;
    min-width: 7em;
  }
  .weights {
    border-collapse: collapse;
    font-size: 13.5px;
    font-variant-numeric: tabular-nums;
    width: 100%;
    max-width: 620px;
  }
  .weights th,
  .weights td {
    font-weight: 400;
    text-align: right;
    padding: 3px 0 3px 12px;
    border-bottom: 1px solid var(--line);
  }
  .weights th:first-child {
    padding-left: 0;
    width: 5em;
  }
  .weights thead th {
    color: var(--muted);
  }
  .weights td:last-child {
    width: 8em;
  }
  .weights td.track {
    position: relative;
    padding: 0;
    background: linear-gradient(var(--line-strong), var(--line-strong)) 50% / 1px 100% no-repeat;
  }
  .weights td.track i {
    position: absolute;
    top: 6px;
    bottom: 6px;
    border-radius: 2px;
    background: rgb(16 138 156);
  }
  .weights td.track i.minus {
    background: rgb(214 106 32);
  }
`;
