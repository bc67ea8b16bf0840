'use strict';

// What a call came to, in a form that two implementations can be compared by.

const util = require('node:util');

/** Each implementation was given functions of its own: they have a name. */
function describeFields(error) {
  return Object.fromEntries(Object.entries(error).map(([name, value]) =>
    [name, typeof value === 'function' ? show(value) : value]));
}

/** Class, words and own properties of what was thrown. */
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
