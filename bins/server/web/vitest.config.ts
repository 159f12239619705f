// How the unit tests run. It stands apart, so that the page is built without what tests need.
import { defineConfig, mergeConfig } from 'vitest/config';
import page from './vite.config';

export default mergeConfig(page, defineConfig({ test: { environment: 'node', include: ['src/**/*.test.ts'] } }));
