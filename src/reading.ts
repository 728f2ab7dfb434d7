/** 'chexgpu/reading', both hosts: whether a picture is a chest X-ray at all, and what was read of many as a page. */

export { type ChestCheck, frontalChest } from './data/checks/frontalChest.js';
export { type Reading, type Readings, readingsPage } from './eval/readings/readingsPage.js';
