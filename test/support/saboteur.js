'use strict';

/**
 * Makes files of lib/ fail at any point: JavaScript may throw or be terminated
 * at every line, and a scheduled tick may never run. The files are rewritten
 * when they are loaded: each statement, call and allocation calls a function of
 * this file first.
 *
 *   const saboteur = install([require.resolve('../../lib/batch/outbox')]);
 *   const dgram = require('../../lib');       // after install()
 *   scenario();
 *   for (const point of saboteur.reached()) { // since install(), or the last
 *     saboteur.arm(point, 'throw');           // call of reached()
 *     scenario();
 *     if (!saboteur.disarm()) ...;            // it was not reached
 *   }
 *
 * An armed fault occurs once, when the point is next reached:
 *
 *   throw      an Error is thrown in place of the statement or expression
 *   after      the expression is evaluated, and then an Error thrown
 *   skip       the expression is not evaluated, its value is undefined: a
 *              tick that never runs
 *   terminate  like throw, but no `catch` or `finally` of the files runs, until
 *              caught() or disarm(), as with V8's termination
 *   cut        like after, but no `catch` or `finally` runs, as with terminate
 */

const { Parser } = require('acorn');
const fs = require('node:fs');
const Module = require('node:module');

/** Under this name the rewritten files find the saboteur. */
const NAME = '__saboteur';

const CALLS = new Set(['CallExpression', 'NewExpression']);
const ALLOCATIONS = new Set(['ArrayExpression', 'ObjectExpression']);
const AFTER = new Set(['after', 'cut']);
const TERMINATING = new Set(['terminate', 'cut']);

class SabotageError extends Error {
  constructor(point) {
    super(`sabotage at ${point}`);
    this.point = point;
  }
}

/**
 * A place where a file may fail.
 * @typedef {object} Point
 * @property {string} file
 * @property {number} line
 * @property {'statement'|'call'|'allocation'} kind
 * @property {string} text what stands there, shortened
 */
class Point {
  constructor(file, kind, node, source) {
    this.file = file;
    this.line = node.loc.start.line;
    this.kind = kind;
    this.text = source.slice(node.start, node.end)
      .replace(/\s+/g, ' ').slice(0, 60);
  }

  toString() {
    return `${this.file}:${this.line} (${this.kind}) ${this.text}`;
  }
}

const isNode = (value) => typeof value?.type === 'string';

function* childrenOf(node) {
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) yield* value.filter(isNode);
    else if (isNode(value)) yield value;
  }
}

/** Inserts into a source without changing its lines. */
class Rewriter {
  constructor(file, source, points) {
    this.file = file;
    this.source = source;
    this.points = points;
    this.insertions = [];
  }

  insert(at, text, rank) {
    this.insertions.push({ at, text, rank });
  }

  /** @returns {number} of a new point */
  add(kind, node) {
    return this.points.push(
      new Point(this.file, kind, node, this.source)) - 1;
  }

  statement(node) {
    if (node.directive !== undefined || /^Function/.test(node.type)) return;
    // Ahead of what is wrapped from here on.
    this.insert(node.start, `${NAME}.before(${this.add('statement', node)});`,
                -1e9);
  }

  /** Of two that begin or end at one place the inner one stays inside. */
  wrap(kind, node) {
    const number = this.add(kind, node);
    const size = node.end - node.start;
    this.insert(node.start, `(${NAME}.before(${number}) ? undefined : ` +
      `${NAME}.after(${number}, `, -size);
    this.insert(node.end, '))', size - 1e9);
  }

  clause({ start, param, body }) {
    if (param === null) this.insert(start + 'catch'.length, '(error__)', 0);
    this.insert(body.start + 1, `${NAME}.pass(${param?.name ?? 'error__'});`,
                -2e9);
  }

  finalizer({ start, end }) {
    this.insert(start + 1, `if (!${NAME}.terminating) {`, -2e9);
    this.insert(end - 1, '}', 0);
  }

  visit(node) {
    if (node.type === 'BlockStatement' || node.type === 'Program') {
      node.body.forEach((child) => this.statement(child));
    } else if (CALLS.has(node.type)) {
      this.wrap('call', node);
    } else if (ALLOCATIONS.has(node.type)) {
      this.wrap('allocation', node);
    } else if (node.type === 'ChainExpression') {
      this.wrap('call', node);
      this.chain(node.expression);
      return;
    } else if (node.type === 'CatchClause') {
      this.clause(node);
    } else if (node.type === 'TryStatement' && node.finalizer !== null) {
      this.finalizer(node.finalizer);
    }
    for (const child of childrenOf(node)) this.visit(child);
  }

  /** A chain `a?.b().c()` would break, were a part of it wrapped. */
  chain(node) {
    const spine = node.callee ?? node.object;
    if (spine === undefined) {
      this.visit(node);
      return;
    }
    this.chain(spine);
    for (const child of childrenOf(node))
      if (child !== spine) this.visit(child);
  }

  rewrite() {
    this.visit(Parser.parse(this.source, {
      ecmaVersion: 'latest', sourceType: 'commonjs', locations: true,
    }));
    let text = '';
    let from = 0;
    this.insertions.sort((a, b) => a.at - b.at || a.rank - b.rank);
    for (const { at, text: inserted } of this.insertions) {
      text += this.source.slice(from, at) + inserted;
      from = at;
    }
    return text + this.source.slice(from);
  }
}

class Saboteur {
  constructor() {
    /** All there are. */
    this.points = [];
    /** An error of `terminate` or `cut` is on its way. */
    this.terminating = false;
    this.seen = new Set();
    this.armed = -1;
    this.way = '';
    this.fired = false;
  }

  /** @returns {Point[]} reached since this was asked last, in their order */
  reached() {
    const points = [...this.seen].map((number) => this.points[number]);
    this.seen.clear();
    return points;
  }

  /**
   * @param {Point} point
   * @param {'throw'|'after'|'skip'|'terminate'|'cut'} way
   */
  arm(point, way) {
    this.armed = this.points.indexOf(point);
    this.way = way;
    this.fired = false;
    this.terminating = false;
  }

  /** @returns {boolean} whether it has struck */
  disarm() {
    this.armed = -1;
    this.terminating = false;
    return this.fired;
  }

  /** For who catches the error, at the bottom of the stack. */
  caught() {
    this.terminating = false;
  }

  strike() {
    const point = this.points[this.armed];
    this.armed = -1;
    this.fired = true;
    if (this.way === 'skip') return true;
    this.terminating = TERMINATING.has(this.way);
    throw new SabotageError(point);
  }

  // The rewritten files call these.

  /** @returns {boolean} whether the expression is to be left out */
  before(number) {
    this.seen.add(number);
    if (number !== this.armed || AFTER.has(this.way)) return false;
    return this.strike();
  }

  after(number, value) {
    if (number === this.armed && AFTER.has(this.way)) this.strike();
    return value;
  }

  pass(error) {
    if (this.terminating) throw error;
  }
}

/**
 * Has these files rewritten when they are loaded. Once a process; one that is
 * loaded again has the same points.
 * @param {string[]} files absolute paths
 * @returns {Saboteur}
 */
function install(files) {
  const saboteur = new Saboteur();
  globalThis[NAME] = saboteur;
  const rewritten = new Map();
  const rewrite = (file) => {
    const source = fs.readFileSync(file, 'utf8');
    const name = file.slice(file.lastIndexOf('lib'));
    return new Rewriter(name, source, saboteur.points).rewrite();
  };
  const load = Module._extensions['.js'];
  Module._extensions['.js'] = (module, file) => {
    if (!files.includes(file)) {
      load(module, file);
      return;
    }
    if (!rewritten.has(file)) rewritten.set(file, rewrite(file));
    module._compile(rewritten.get(file), file);
  };
  return saboteur;
}

module.exports = { SabotageError, install };
