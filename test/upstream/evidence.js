'use strict';

/**
 * Sums up what the witnesses of one test wrote.
 */

const fs = require('node:fs');

/**
 * @typedef {object} Evidence
 * @property {number} processes  with a witness
 * @property {number} threads  worker threads with a witness
 * @property {number} builtin  constructions of Node's own Socket
 * @property {number} ours  constructions of dgram-native's Socket
 * @property {number} exported  built-ins that dgram-native made on purpose
 * @property {number} made  of builtin and ours: constructors that completed
 * @property {number} native  sockets that the C core opened
 * @property {number} unbacked  completed, but not opened by the C core of the
 *   same process and thread
 * @property {string[]} files  of the code that constructed ours
 * @property {string[]} transports  that the C core named
 * @property {number} blindThreads  worker threads without a witness
 * @property {string[]} blind  child processes without one (their commands)
 * @property {string[]} origins  where the built-ins were constructed
 */

/** Compared thread by thread: a surplus in one proves nothing for another. */
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
