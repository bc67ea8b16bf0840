'use strict';

/** Compiles the C baseline and peers into a folder that git ignores. */

const fs = require('node:fs');
const path = require('node:path');
const { spawnSync } = require('node:child_process');

const OUT = path.join(__dirname, '..', '..', '.cache', 'bench');
const TOOLS = [
  'recv', 'send', 'echo-client', 'echo-server', 'paced-client',
  'first-datagrams', 'relay', 'relay-load', 'open-close', 'socket-per-request',
  'self',
];
const FLAGS = ['-std=c11', '-D_GNU_SOURCE', '-O2',
               '-Wall', '-Wextra', '-Wshadow', '-Wconversion'];

/**
 * @returns {(tool: string, args: object) => string[]} builds the command
 *   line of a tool
 * @throws {Error} with the compiler's messages
 */
function buildBaseline() {
  const compiler = process.env.CC || 'cc';
  fs.mkdirSync(OUT, { recursive: true });
  for (const tool of TOOLS) {
    const { error, status, stderr } = spawnSync(compiler, [
      ...FLAGS, '-o', path.join(OUT, tool), path.join(__dirname, `${tool}.c`),
    ], { encoding: 'utf8' });
    if (error) throw new Error(`C compiler ${compiler}: ${error.message}`);
    if (status !== 0) throw new Error(`${compiler}: ${stderr}`);
  }
  return (tool, args) => [
    path.join(OUT, tool),
    ...Object.entries(args).flatMap(([name, value]) =>
      [`--${name}`, String(value)]),
  ];
}

module.exports = { buildBaseline };
