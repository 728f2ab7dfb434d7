/** The look of forms in which something is set. */
import { css } from 'lit';

export const formStyles = css`
  fieldset {
    border: 0;
    margin: 0;
    padding: 0;
    min-width: 0;
  }
  fieldset:disabled {
    opacity: 0.75;
  }
  .all {
    display: grid;
    gap: 16px;
  }
  legend,
  summary {
    font-size: 14px;
    font-weight: 650;
    padding: 0;
  }
  summary {
    font-weight: 400;
    color: var(--muted);
    cursor: pointer;
    min-height: 24px;
  }
  .fields {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(112px, 1fr));
    gap: 10px 12px;
    align-items: end;
    margin-top: 8px;
  }
  label.number,
  label.choice {
    display: grid;
    gap: 3px;
    font-size: 13px;
    color: var(--muted);
    min-width: 0;
  }
  .wide {
    grid-column: 1 / -1;
  }
  input[type='number'],
  select {
    border-color: var(--line-strong);
    width: 100%;
    min-width: 0;
  }
  .radios,
  .checks {
    display: flex;
    flex-wrap: wrap;
    gap: 6px 18px;
    margin-top: 6px;
  }
  .checks {
    display: grid;
    gap: 8px;
  }
  .radios label,
  .checks label.check {
    display: inline-flex;
    gap: 8px;
    align-items: baseline;
    font-size: 14px;
  }
  input[type='radio'] {
    accent-color: var(--accent);
    width: 16px;
    height: 16px;
    margin: 0;
    align-self: center;
  }
  .checks input[type='checkbox'] {
    flex: none;
    align-self: center;
  }
  .inner {
    margin: 2px 0 6px 24px;
  }
`;
