'use strict';

// What a program came to, in a word or two for each thing that happened, for
// differences.js to tell one way of being different from another.

/** The code of an error that has one; else its message, or what it is. */
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
