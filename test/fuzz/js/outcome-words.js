'use strict';

// The outcome of a program as a word or two for each event, so that
// differences.js can match differences.

/** The code of an error, else its message, else its type. */
const nameOf = (error) => error?.own?.code ?? error?.message ?? typeof error;

/** @returns {string[]} 'threw CODE', or 'returned' and each 'called CODE' */
function wordsOfCall({ thrown, called = [] }) {
  const callbacks = called
    .map(([error]) => `called ${error ? nameOf(error) : 'well'}`);
  return [thrown ? `threw ${nameOf(thrown)}` : 'returned', ...callbacks];
}

/** @returns {string[]} 'emitted CODE' and 'uncaught CODE' */
function wordsOfErrors(errors) {
  return errors.map((error) => 'uncaught' in error ?
    `uncaught ${nameOf(error.uncaught)}` :
    `emitted ${nameOf(error)}`);
}

module.exports = { wordsOfCall, wordsOfErrors };
