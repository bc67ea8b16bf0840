'use strict';

/**
 * Summarises the log of the witnesses of one test.
 */

const fs = require('node:fs');

/**
 * @typedef {object} Evidence
 * @property {number} processes  with a witness
 * @property {number} threads  worker threads with a witness
 * @property {number} builtin  constructions of Node's own Socket
 * @property {number} ours  constructions of dgram-native's Socket
 * @property {number} exported  built-in sockets that dgram-native created
 *   intentionally
 * @property {number} made  completed constructors of builtin and ours
 * @property {number} native  sockets that the C core opened
 * @property {number} unbacked  completed, but not opened by the C core of the
 *   same process and thread
 * @property {string[]} files  files of the code that constructed ours
 * @property {string[]} transports  transports reported by the C core
 * @property {number} blindThreads  worker threads without a witness
 * @property {string[]} blind  child processes without a witness (their
 *   commands)
 * @property {string[]} origins  stacks of the built-in constructions
 */

/** Compared thread by thread: a surplus in one is no evidence for another. */
function countUnbacked(lines) {
  const balance = new Map();
  for (const { pid, tid, kind, by } of lines) {
    const step = kind === 'native' ? -1 : Number(kind === 'made' &&
                                                 by === 'ours');
    const key = `${pid} ${tid}`;
    balance.set(key, (balance.get(key) ?? 0) + step);
  }
  return [...balance.values()]
    .reduce((sum, missing) => sum + Math.max(missing, 0), 0);
}

/**
 * @param {string} log  file that the witnesses appended to; may be missing
 * @returns {Evidence}
 */
function readEvidence(log) {
  const text = fs.existsSync(log) ? fs.readFileSync(log, 'utf8') : '';
  const lines = text.split('\n').filter(Boolean)
    .map((line) => JSON.parse(line));
  const count = (test) => lines.filter(test).length;
  const constructed = (by) =>
    lines.filter((line) => line.kind === 'construct' && line.by === by);

  const threads = count((line) => line.kind === 'hello' && line.tid !== 0);
  const builtins = constructed('builtin');
  return {
    processes: count((line) => line.kind === 'hello' && line.tid === 0),
    threads,
    builtin: builtins.length,
    ours: constructed('ours').length,
    exported: constructed('exported').length,
    made: count((line) => line.kind === 'made' && line.by !== 'exported'),
    native: count((line) => line.kind === 'native'),
    unbacked: countUnbacked(lines),
    files: [...new Set(constructed('ours').map(({ file }) => String(file)))],
    transports: [...new Set(lines
      .filter((line) => line.kind === 'native')
      .map((line) => line.transport))],
    blindThreads: count((line) => line.kind === 'worker') - threads,
    blind: lines.filter((line) => line.kind === 'blind')
      .map((line) => line.command),
    origins: builtins.map((line) => line.stack.join(' < ')),
  };
}

module.exports = { readEvidence };
