/** How the Trainer is laid out: data and settings at the side of curves and results, or above them. */
import { css } from 'lit';

export const trainerStyles = css`
  .start {
    place-items: center;
    min-height: min(46vh, 460px);
    border: 2px dashed var(--line-strong);
    border-radius: 18px;
    text-align: center;
    padding: 28px 18px;
    align-content: center;
  }
  .start p {
    max-width: 560px;
  }
  .over .start {
    outline: 3px solid var(--accent);
    outline-offset: 4px;
  }
  .count {
    display: inline-flex;
    align-items: center;
    gap: 8px;
    font-size: 14px;
  }
  .count input {
    width: 84px;
  }
  .message.good {
    background: var(--accent-soft);
    border-color: transparent;
  }
  summary {
    color: var(--muted);
    font-size: 14px;
    cursor: pointer;
  }
  details[open] summary {
    margin-bottom: 12px;
  }
  .notes {
    font-size: 13px;
    color: var(--muted);
    max-height: 7.5em;
    overflow-y: auto;
  }
  .charts {
    display: grid;
    gap: 18px 26px;
    grid-template-columns: repeat(auto-fit, minmax(min(100%, 330px), 1fr));
  }
  .charts h3 {
    font-size: 13.5px;
    font-weight: 600;
    margin-bottom: 4px;
  }
  .status {
    display: flex;
    flex-wrap: wrap;
    gap: 2px 20px;
    font-size: 14px;
    font-variant-numeric: tabular-nums;
  }
`;
