'use strict';

// The outcome of a call, in a form for comparing two implementations.

const util = require('node:util');

/**
 * Each implementation receives its own arguments: functions are compared by
 * name, and an object in place of a port or an address may have side effects
 * when it is read.
 */
function describeField(name, value) {
  if (typeof value === 'function') return show(value);
  const isGiven = name === 'port' || name === 'address';
  return isGiven && typeof value === 'object' && value !== null ?
    'an object' :
    value;
}

const describeFields = (error) => Object.fromEntries(Object.entries(error)
  .map(([name, value]) => [name, describeField(name, value)]));

/** Class, message and own properties of an exception. */
function describeError(error) {
  if (!(error instanceof Error)) return { value: error };
  return {
    class: error.constructor.name === 'NodeError' ? Object.getPrototypeOf(
      error.constructor).name : error.constructor.name,
    name: error.name,
    message: error.message,
    own: describeFields(error),
    keys: Object.keys(error),
  };
}

/** @returns {{returned: *}|{thrown: object}} */
function outcome(body) {
  try {
    return { returned: body() };
  } catch (error) {
    return { thrown: describeError(error) };
  }
}

function show(value) {
  return typeof value === 'function' ? `function ${value.name}` :
    util.inspect(value);
}

module.exports = { describeError, outcome, show };
