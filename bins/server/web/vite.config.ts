// How the page is built, and served while it is written.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

// The server whose figures the page shows while it is written.
const server = process.env.PIECEWATCH ?? 'http://127.0.0.1:8765';

/** Parts of the page that nearly every view needs; charts and the map come with the views that draw them. */
const isShared = (id: string) =>
  /\/src\/(api|components|format|protocol|state)\//.test(id) && !/\/(Chart\.svelte|chart\.ts|WorldMap\.svelte|countries\.ts)/.test(id);

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: 'es2022',
    // Everything is a file of the server: its policy allows no other source.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    // What all views are made of is one file, and not twenty small ones that wait for each other.
    rollupOptions: { output: { manualChunks: (id) => (isShared(id) ? 'shared' : undefined) } },
  },
  server: {
    proxy: {
      '/api': { target: server, changeOrigin: true },
      '/ws': { target: server, ws: true, changeOrigin: true, rewriteWsOrigin: true },
      '/login': { target: server, changeOrigin: true },
    },
  },
});
