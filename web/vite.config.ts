import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** Where `vite web` finds a gateway while one works on the dashboard. Default: that of `npm start`. */
const GATEWAY = process.env['PUNKU_DEV_GATEWAY'] ?? 'http://127.0.0.1:11435'

export default defineConfig({
  root: import.meta.dirname,
  base: '/ui/',
  plugins: [react()],
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2022',
    // The policy of the page allows no asset of another origin and no `data:` but for images.
    assetsInlineLimit: 0,
    manifest: true,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { '/control': GATEWAY, '/v1': GATEWAY, '/api': GATEWAY },
  },
})
