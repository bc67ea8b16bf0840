'use strict';

/**
 * Defines values on a prototype that most of its objects never change. They are
 * defined, not assigned: setters on Object.prototype are not called, not even
 * by a later assignment to an object.
 * @param {object} prototype
 * @param {object} values
 */
function defineDefaults(prototype, values) {
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(prototype, name, {
      __proto__: null, value, writable: true, enumerable: true,
      configurable: true,
    });
  }
}

module.exports = { defineDefaults };
