'use strict';

/**
 * build.js FOLDER: bundles the programs of this folder with each bundler, into
 * FOLDER/NAME/, with the minimal settings that a user needs.
 */

const fs = require('node:fs');
const path = require('node:path');

const out = (name, file) => path.join(process.argv[2], name, file);
const source = (file) => path.join(__dirname, file);

/** Defines __dirname and require in a bundle of ES modules. */
const BANNER = `
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
const require = createRequire(import.meta.url);
const __dirname = dirname(fileURLToPath(import.meta.url));
`;

function byEsbuild(name, entry, options) {
  return require('esbuild').build({
    bundle: true,
    entryPoints: [source(entry)],
    logLevel: 'warning',
    outfile: out(name, `app${path.extname(entry)}`),
    platform: 'node',
    ...options,
  });
}

async function byNcc(name, entry) {
  const { code, assets } = await require('@vercel/ncc')(
    source(entry), { cache: false, quiet: true });
  const files = { [`app${path.extname(entry)}`]: code };
  for (const [file, { source }] of Object.entries(assets)) files[file] = source;
  for (const [file, content] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(out(name, file)), { recursive: true });
    fs.writeFileSync(out(name, file), content);
  }
}

async function byRollup(name, format, extension) {
  const { rollup } = require('rollup');
  const bundle = await rollup({
    input: source('app.mjs'),
    onwarn: ({ message }) => console.log(message),
    plugins: [
      require('@rollup/plugin-node-resolve').nodeResolve({
        exportConditions: ['node'], preferBuiltins: true,
      }),
      require('@rollup/plugin-commonjs')(),
    ],
  });
  await bundle.write({ file: out(name, `app${extension}`), format });
}

function byWebpack(name, entry, options) {
  return new Promise((resolve, reject) => {
    require('webpack')({
      entry: source(entry),
      mode: 'production',
      target: 'node',
      ...options,
      output: {
        path: path.dirname(out(name, 'app')),
        filename: `app${path.extname(entry)}`,
        ...options?.output,
      },
    }, (error, stats) => {
      if (error ?? stats.hasErrors()) reject(error ?? stats.toString());
      else resolve();
    });
  });
}

async function main() {
  await byEsbuild('esbuild-cjs', 'app.cjs');
  await byEsbuild('esbuild-cjs-minified', 'app.cjs', { minify: true });
  await byEsbuild('esbuild-cjs-registered', 'registered.cjs');
  await byEsbuild('esbuild-cjs-external', 'app.cjs',
                  { external: ['dgram-native'] });
  await byEsbuild('esbuild-esm', 'app.mjs', { format: 'esm' });
  await byEsbuild('esbuild-esm-banner', 'app.mjs',
                  { format: 'esm', banner: { js: BANNER } });
  await byEsbuild('esbuild-esm-external', 'app.mjs',
                  { format: 'esm', external: ['dgram-native'] });
  await byNcc('ncc-cjs', 'app.cjs');
  await byNcc('ncc-esm', 'app.mjs');
  await byRollup('rollup-cjs', 'cjs', '.cjs');
  await byRollup('rollup-esm', 'es', '.mjs');
  await byWebpack('webpack-cjs', 'app.cjs');
  await byWebpack('webpack-esm', 'app.mjs', {
    experiments: { outputModule: true }, output: { module: true },
  });
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
